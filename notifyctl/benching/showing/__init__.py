"""What operators see of a run: how far it is, and its summary."""
