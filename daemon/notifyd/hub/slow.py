"""Connections that do not read what they are sent: cut off, each alone, and remembered for a while."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import now_ms
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.ids import ClientId, ConnectionId, KeyId, UserId

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.telemetry.metrics import Counters

#: How many are remembered.
REMEMBERED: Final = 100


class CutOff(msgspec.Struct, frozen=True):
    """One that was cut off."""

    id: ConnectionId
    #: Empty where it had not authenticated.
    client_id: ClientId
    key_id: KeyId
    user_id: UserId
    transport: str
    address: str
    #: What waited for it.
    outbox_bytes: int
    #: Milliseconds since the Unix epoch.
    at: int


class SlowConsumers:
    """Cuts them off, and knows the latest."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._latest: deque[CutOff] = deque(maxlen=REMEMBERED)

    def cut(self, connection: Connection) -> None:
        """Its outbox is over its bound: close it, so that it comes back and resumes."""
        if not connection.ended:
            self._counters.slow_consumers += 1
            self._latest.append(_cut_off(connection))
        connection.end(SLOW_CONSUMER)

    def latest(self) -> list[CutOff]:
        """The last to be cut off, the latest first."""
        return list(reversed(self._latest))


def _cut_off(connection: Connection) -> CutOff:
    principal, link = connection.principal, connection.link
    return CutOff(
        id=connection.id,
        client_id=principal.client_id if principal else ClientId(""),
        key_id=principal.key_id if principal else KeyId(""),
        user_id=principal.user_id if principal else UserId(""),
        transport=link.transport,
        address=link.address,
        outbox_bytes=link.pending_bytes(),
        at=now_ms(),
    )
