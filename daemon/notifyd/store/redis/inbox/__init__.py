"""What is kept for users."""
