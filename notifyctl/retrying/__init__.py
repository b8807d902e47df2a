"""Trying again: after which pause, and until when."""
