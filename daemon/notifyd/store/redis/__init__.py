"""The broker in Redis: one room for each port, and what they share beside them."""
