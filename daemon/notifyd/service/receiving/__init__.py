"""Connections, and what each of them is sent."""
