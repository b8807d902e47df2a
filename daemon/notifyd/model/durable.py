"""A subscription with a name, which outlives its connections: what was acked, and what was not."""

from __future__ import annotations

from typing import Final

import msgspec

from notifyd.model.ids import ClientId, UserId

_USER: Final = "user/"


def owner_of(user_id: str) -> str:
    """The owner of what a user subscribes to; of the client's keys where *user_id* is ""."""
    return f"{_USER}{user_id}" if user_id else ""


class DurableKey(msgspec.Struct, frozen=True):
    """Names one durable subscription."""

    client_id: ClientId
    channel: str
    #: See `owner_of`: nobody takes up another's.
    owner: str
    name: str

    @property
    def user_id(self) -> UserId:
        """The user whose it is; "" for one of the client's keys."""
        return UserId(self.owner.removeprefix(_USER))


class DurableState(msgspec.Struct, frozen=True):
    """How far it is. Offsets are of its channel."""

    key: DurableKey
    epoch: str
    #: Everything up to here is settled: acked, given up or expired.
    floor: int
    #: What is settled above it, in order.
    settled: tuple[int, ...] = ()
    #: Tries that failed, of what is not settled; offset to count, in order.
    attempts: tuple[tuple[int, int], ...] = ()
    #: When somebody used it last, in milliseconds since the Unix epoch.
    used_at: int = 0
