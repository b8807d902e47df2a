"""The plain JSON protocol over WebSocket."""
