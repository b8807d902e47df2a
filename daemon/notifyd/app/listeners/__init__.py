"""Where the daemon is reached: its servers, what they serve, and their certificate."""
