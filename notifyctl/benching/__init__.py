"""Putting load on a daemon and saying what it made of it."""
