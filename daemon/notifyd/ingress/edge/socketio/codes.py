"""Close codes and reasons that the drivers themselves end a WebSocket with (DESIGN: close codes)."""

from __future__ import annotations

from typing import Final

PROTOCOL_ERROR: Final = 4000
NOT_CONNECTED: Final = 4001
SLOW_CONSUMER: Final = 4008
DEAD_LINK: Final = 4009

# The words that Socket.IO has for the end of a connection or of a socket.
TRANSPORT_CLOSE: Final = "transport close"
TRANSPORT_ERROR: Final = "transport error"
PARSE_ERROR: Final = "parse error"
PING_TIMEOUT: Final = "ping timeout"
CLIENT_DISCONNECT: Final = "client namespace disconnect"
SERVER_DISCONNECT: Final = "server namespace disconnect"
