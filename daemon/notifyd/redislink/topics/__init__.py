"""What is published on topics: followed by a thread, brought into trio."""
