"""Notifications from their submission to their end."""
