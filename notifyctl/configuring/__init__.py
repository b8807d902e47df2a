"""`notifyctl config`: settings, what they are, and what they are set to."""
