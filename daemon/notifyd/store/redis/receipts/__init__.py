"""What became of notifications."""
