"""The calls of the public services: let the caller in, decode, call the service, encode."""
