"""Notifications from their submission to their end: receipts, the queue and dead letters."""
