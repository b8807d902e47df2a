"""What may be a name, and names for new things."""
