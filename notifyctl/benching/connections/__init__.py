"""The connections of a load, and what is read from them."""
