"""WebSocket on a link: frames, messages, the closing handshake."""
