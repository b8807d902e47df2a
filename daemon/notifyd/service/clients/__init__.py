"""Registered clients and the devices of their users."""
