"""What is to be done to whom, and whether the daemon and this machine let a run do it."""
