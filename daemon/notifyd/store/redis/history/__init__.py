"""The kept publications of every channel."""
