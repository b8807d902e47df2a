"""What the Tab key offers: scripts for the shells, and live names from the daemon."""
