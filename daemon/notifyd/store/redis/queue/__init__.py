"""The queue: shared by all nodes, each shard of it seen to by one at a time."""
