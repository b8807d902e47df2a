"""The one way to Redis: connections, calls in batches, Lua scripts, topics, and the names of all keys."""
