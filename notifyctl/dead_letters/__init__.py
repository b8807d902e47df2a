"""`notifyctl dead-letters`: which of them a command is about, and how they are shown."""
