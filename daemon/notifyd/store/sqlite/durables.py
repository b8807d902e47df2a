"""Durable subscriptions as rows of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.durable import DurableKey, DurableState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

#: Statement for any number of rows.
INSERT: Final = "INSERT OR REPLACE INTO durables VALUES "
DELETE: Final = "DELETE FROM durables WHERE (client, channel, owner, name) IN "

_ALL: Final = "SELECT client, channel, owner, name, epoch, floor, settled, attempts, used_at FROM durables"

_SETTLED: Final = msgspec.json.Decoder(tuple[int, ...])
_ATTEMPTS: Final = msgspec.json.Decoder(tuple[tuple[int, int], ...])


def key_row(key: DurableKey) -> tuple[str, str, str, str]:
    """What tells it from every other."""
    return (key.client_id, key.channel, key.owner, key.name)


def row(state: DurableState) -> tuple[object, ...]:
    """The whole of it."""
    settled = msgspec.json.encode(state.settled).decode()
    attempts = msgspec.json.encode(state.attempts).decode()
    return (*key_row(state.key), state.epoch, state.floor, settled, attempts, state.used_at)


def durables(connection: sqlite3.Connection) -> Iterator[DurableState]:
    """All that the journal knows."""
    for client, channel, owner, name, epoch, floor, settled, attempts, used_at in connection.execute(_ALL):
        key = DurableKey(client, channel, owner, name)
        yield DurableState(key, epoch, floor, _SETTLED.decode(settled), _ATTEMPTS.decode(attempts), used_at)
