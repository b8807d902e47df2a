"""The client service's interface: its events on Socket.IO, and the same in plain JSON."""
