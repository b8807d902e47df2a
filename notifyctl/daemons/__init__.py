"""The daemon that a command is about: which it is, how it is reached, and calls to it."""
