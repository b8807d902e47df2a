"""The gRPC interface: our objects as its messages, and back."""
