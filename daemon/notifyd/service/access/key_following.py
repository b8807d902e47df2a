"""Putting in force what other daemons did to API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.clock import now_ms
from notifyd.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyd.model.ids import ClientId
    from notifyd.model.key import ApiKey
    from notifyd.service.access.keyring import KeyRing

_AT_ONCE: Final = 500


class KeyFollower:
    """Lets the ring follow the store."""

    def __init__(self, ring: KeyRing, on_end: Callable[[ApiKey], None], known: Callable[[ClientId], ClientId]) -> None:
        """*on_end* and *known* as for `Keys`."""
        self._ring = ring
        self._on_end = on_end
        self._known = known

    async def follow(self, found: Iterable[ApiKey]) -> None:
        """Take over what the store has; last uses stay the latest that are known.

        For who holds `Keys.changing` and `Clients.changing` since before the store was read, and has let the clients
        follow before.
        Connections by a key that has ended, or that may not do any more what it might, are closed.
        """
        gone = {record.id: record for record in self._ring.records()}
        for count, record in enumerate(found):
            if count % _AT_ONCE == 0:
                # there may be a hundred thousand, and others have work to do meanwhile
                await trio.lowlevel.checkpoint()
            # a key whose client is gone is nobody's
            if self._has_client(record):
                self._take_over(gone.pop(record.id, None), record)
        for record in gone.values():
            self._ring.forget(record.id)
            self._on_end(ended(record))

    def _take_over(self, before: ApiKey | None, record: ApiKey) -> None:
        if before is not None:
            last_used_at = max(filter(None, (before.last_used_at, record.last_used_at)), default=None)
            record = msgspec.structs.replace(record, last_used_at=last_used_at)
        if before == record:
            return
        self._ring.replace(record)
        if before is not None:
            self._on_end(record if may_the_same(before, record) else ended(record))

    def _has_client(self, record: ApiKey) -> bool:
        try:
            self._known(record.client_id)
        except NotFound:
            return False
        return True


def ended(record: ApiKey) -> ApiKey:
    """*record* as if it had been revoked."""
    return msgspec.structs.replace(record, revoked_at=now_ms())


def may_the_same(before: ApiKey, after: ApiKey) -> bool:
    """Whether connections that were let in by the one may go on under the other."""
    return all(getattr(before, name) == getattr(after, name) for name in ("client_id", "scopes", "allowed_cidrs"))
