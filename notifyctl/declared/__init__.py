"""What a daemon is to hold, declared in files: read, compared with what it holds, and done."""
