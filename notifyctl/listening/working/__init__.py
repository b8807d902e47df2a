"""`listen --exec` and `--forward-to`: publications worked on, so many at once."""
