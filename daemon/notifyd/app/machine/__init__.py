"""What the daemon has of its machine: locks, private files and secrets, the admin socket's place, and systemd."""
