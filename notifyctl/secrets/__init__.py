"""Secrets on their way in and out, and what a token says of itself."""
