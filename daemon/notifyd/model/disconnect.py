"""Why the daemon ends a connection, as catalogued values (DESIGN: close codes).

4000-4099 are ours. The reason tells the person on the other side what to do; `reconnect` tells a program.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Disconnect(msgspec.Struct, frozen=True):
    """One way in which the daemon ends a connection."""

    #: RFC 6455 close code.
    code: int
    #: At most 123 bytes in UTF-8, so that it fits a close frame.
    reason: str
    #: Whether connecting again makes sense.
    reconnect: bool


DONE: Final = Disconnect(1000, "done", reconnect=False)
GOING_AWAY: Final = Disconnect(1001, "the daemon is going away: reconnect", reconnect=True)
DRAINED: Final = Disconnect(1012, "the daemon restarts: reconnect and resume from your position", reconnect=True)
# IANA's registry of close codes: try again later
NOT_NOW: Final = Disconnect(1013, "what you are served from is away for now: reconnect", reconnect=True)
PROTOCOL_ERROR: Final = Disconnect(4000, "too many protocol errors: see the errors before this", reconnect=False)
NOT_AUTHENTICATED: Final = Disconnect(4001, "not authenticated in time: send authenticate first", reconnect=True)
WRONG_CREDENTIAL: Final = Disconnect(4003, "wrong credential: check the API key or the token", reconnect=False)
CREDENTIAL_ENDED: Final = Disconnect(4004, "the API key has expired or was revoked: get a new one", reconnect=False)
TOKEN_ENDED: Final = Disconnect(4004, "the token has expired: connect again with a new one", reconnect=False)
SECRET_ENDED: Final = Disconnect(4004, "the secret behind the token was replaced: get a new token", reconnect=False)
CLIENT_REMOVED: Final = Disconnect(4004, "the client was removed: register it again", reconnect=False)
KICKED: Final = Disconnect(4005, "closed by an operator: do not reconnect", reconnect=False)
TOO_MANY_CONNECTIONS: Final = Disconnect(
    4006, "too many connections with this credential: close some first", reconnect=True
)
SLOW_CONSUMER: Final = Disconnect(4008, "too slow: reconnect and resume from your position", reconnect=True)
OVERTAKEN: Final = Disconnect(4008, "some of a channel is gone unsent: reconnect and resume", reconnect=True)
DEAD_LINK: Final = Disconnect(4009, "nothing was heard from you: reconnect and resume", reconnect=True)
