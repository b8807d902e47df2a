"""How a stream ends whose connection was ended: the error that tells why."""

from __future__ import annotations

from notifyd.errors import Denied, Draining, Exhausted, NotAuthenticated, NotifydError, Unavailable
from notifyd.model.disconnect import (
    CLIENT_REMOVED,
    CREDENTIAL_ENDED,
    DRAINED,
    GOING_AWAY,
    KICKED,
    SECRET_ENDED,
    SLOW_CONSUMER,
    TOKEN_ENDED,
    Disconnect,
)


def ending(disconnect: Disconnect | None) -> NotifydError:
    """What to raise at the end of a stream whose connection was ended with *disconnect*."""
    if disconnect is None:
        return Unavailable("the stream was ended")
    reason = disconnect.reason
    if disconnect == SLOW_CONSUMER:
        return Exhausted("too slow: open it again from your position", code="slow_consumer", retry_after_seconds=0)
    if disconnect in (DRAINED, GOING_AWAY):
        return Draining(reason)
    if disconnect.code == KICKED.code:  # its reason is the operator's
        return Denied(reason, code="kicked")
    return _of_credential(disconnect) or Unavailable(reason)


def _of_credential(disconnect: Disconnect) -> NotifydError | None:
    reason = disconnect.reason
    if disconnect == TOKEN_ENDED:
        return NotAuthenticated(reason, code="token_expired")
    if disconnect == SECRET_ENDED:
        return NotAuthenticated(reason, code="secret_replaced")
    if disconnect == CLIENT_REMOVED:
        return NotAuthenticated(reason, code="client_removed")
    if disconnect == CREDENTIAL_ENDED:
        return NotAuthenticated(reason, code="api_key_ended")
    return None
