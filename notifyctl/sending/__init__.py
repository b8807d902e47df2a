"""`notifyctl send`: what is published, and waiting for what becomes of it."""
