"""What a daemon consists of, put together."""
