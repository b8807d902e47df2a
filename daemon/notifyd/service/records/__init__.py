"""Moving clients, keys and devices from one engine to another."""
