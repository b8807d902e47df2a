"""What to think of the daemon, its machine and its engines."""
