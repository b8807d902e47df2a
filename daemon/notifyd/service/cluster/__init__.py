"""What concerns every node of the service: figures, connections, and who is where."""
