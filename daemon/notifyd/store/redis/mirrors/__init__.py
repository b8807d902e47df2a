"""What this node has in memory of what is kept in Redis, and who is told of it."""
