"""All inboxes, or those of a client: listed and dropped."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from notifyd.model.position import StreamPosition
from notifyd.store.inbox_ports import InboxInfo
from notifyd.store.redis.inbox.form import forgotten_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, UserId
    from notifyd.store.redis.inbox.index import InboxIndex
    from notifyd.store.redis.inbox.mirrors import InboxMirrors
    from notifyd.store.redis.inbox.scripts import UserKey

_AT_ONCE: Final = 500


class InboxListing:
    """Knows them from the index. All raise StoreUnavailable where Redis is away."""

    def __init__(self, mirrors: InboxMirrors, index: InboxIndex) -> None:
        self._mirrors = mirrors
        self._index = index

    async def inboxes(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[InboxInfo]:
        """See `InboxStore.inboxes`."""
        await self._mirrors.moves.tell()
        await self._index.enter()
        found = await self._index.find(client_id, prefix)
        keys = heapq.nsmallest(limit, found, key=lambda key: (key[1], key[0]))
        infos: list[InboxInfo] = []
        for first in range(0, len(keys), _AT_ONCE):
            share = [(key, self._mirrors.scripts.meta(key)) for key in keys[first : first + _AT_ONCE]]
            for key, reply in share:
                info = _info(key, await reply.wait())
                infos += [] if info is None else [info]
        return infos

    async def forget(self, client_id: ClientId, user_id: UserId | None = None) -> int:
        """See `InboxStore.forget`. Where it fails, some may be gone nevertheless.

        A user of the client who gets a first notification from another node at the same moment may be passed over.
        """
        keys = [(client_id, user_id)] if user_id is not None else sorted(await self._of_client(client_id))
        forgotten = 0
        for first in range(0, len(keys), _AT_ONCE):
            replies = [(key, self._mirrors.scripts.forget(key, erase=True)) for key in keys[first : first + _AT_ONCE]]
            for key, reply in replies:
                dropped = forgotten_in(await reply.wait())
                forgotten += dropped.before.head > 0
                self._index.changed(key, dropped.before, dropped.after)
                mirror = self._mirrors.find(key)
                if mirror is not None and dropped.before.head:
                    mirror.dropped_for(dropped.epoch, dropped.next_epoch)
            await self._index.enter()
        return forgotten

    async def _of_client(self, client_id: ClientId) -> set[UserKey]:
        await self._index.enter()
        return await self._index.find(client_id)


def _info(key: UserKey, fields: Sequence[bytes | None]) -> InboxInfo | None:
    """From the fields of `META_FIELDS`; None where there is nothing (any more)."""
    epoch = (fields[0] or b"").decode()
    head, floor, cursor, size_bytes, newest = (int(field or 0) for field in fields[1:])
    if not head:
        return None
    position = StreamPosition(epoch, head)
    undelivered = head - max(cursor, floor)
    return InboxInfo(*key, position, cursor, head - floor, undelivered, size_bytes, newest if head > floor else 0)
