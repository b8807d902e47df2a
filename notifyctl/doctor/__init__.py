"""`notifyctl doctor` where no daemon answers: what can be examined on this machine."""
