"""`listen --url`: a connection to the daemon as any subscriber has one, over WebSocket or Socket.IO."""
