"""WebSocket as bytes: the handshake and frames."""
