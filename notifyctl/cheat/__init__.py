"""`notifyctl cheat`: ready commands for every job."""
