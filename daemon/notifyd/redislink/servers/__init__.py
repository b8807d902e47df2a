"""Which servers there are, and connections to them. For threads, and blocking."""
