"""The loads, and what drives them."""
