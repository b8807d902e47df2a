"""Pushes to devices: what a phone is shown, and what the provider's answers mean."""
