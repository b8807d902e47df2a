"""Publishing over each of the ways to a daemon: REST, WebSocket and the admin socket."""
