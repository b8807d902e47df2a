"""What this node's mirrors get, for the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.ids import UserId
from notifyd.model.notification import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId
    from notifyd.model.publication import Publication
    from notifyd.model.restarted import Restarted
    from notifyd.redislink.keys import Keys
    from notifyd.store.redis.mirrors.interest import Interest

#: Beyond either of them nothing is taken in: it stays in Redis until the hub has caught up.
_MAX_WAITING: Final = 20_000
_MAX_WAITING_BYTES: Final = 64 << 20

_USERS: Final = Kind.USERS
_CONNECTIONS: Final = Kind.CONNECTIONS


class RedisNews:
    """See `News`."""

    def __init__(self, keys: Keys, interest: Interest, *, max_waiting: int = _MAX_WAITING) -> None:
        """*max_waiting*: how many may wait for the hub; more stay in Redis."""
        self._keys = keys
        self._interest = interest
        self._max_waiting = max_waiting
        self._waiting: list[Publication | Restarted] = []
        self._waiting_bytes = 0
        self._bell = trio.Event()
        self._taken = trio.Event()
        #: Live connections on each stream and inbox ("" and a user) that the last `append` stamped something for.
        self._audience: dict[tuple[ClientId, str, UserId], int] = {}

    def add(self, publication: Publication, size: int) -> None:
        """A mirror has it now; *size* is what it counts."""
        notification = publication.notification
        # without a user it is for the connections that it names
        if notification.kind is _USERS and not publication.user_id and not notification.connections:
            return
        self._waiting.append(publication)
        self._waiting_bytes += size
        self._bell.set()

    def add_restarted(self, restarted: Restarted) -> None:
        """A mirror had to begin anew."""
        self._waiting.append(restarted)
        self._bell.set()

    def full(self) -> bool:
        """Whether mirrors are to wait with what they get."""
        return len(self._waiting) >= self._max_waiting or self._waiting_bytes >= _MAX_WAITING_BYTES

    async def room(self) -> None:
        """Return when there is room. No checkpoint where there is."""
        while self.full():
            await self._taken.wait()

    def waiting(self) -> bool:
        """See `News.waiting`."""
        return bool(self._waiting)

    async def take(self) -> list[Publication | Restarted]:
        """See `News.take`."""
        while not self._waiting:
            self._bell = trio.Event()
            await self._bell.wait()
        # before it is taken, so that who asks sees either that it waits or that it is being handed on
        await trio.lowlevel.checkpoint()
        taken, self._waiting = self._waiting, []
        self._waiting_bytes = 0
        self._taken.set()
        self._taken = trio.Event()
        return taken

    def begin(self) -> None:
        """A new batch is stamped: what was found out for the last one is not asked for any more."""
        self._audience.clear()

    def found(self, client_id: ClientId, channel: str, user_id: UserId, told: Sequence[bytes]) -> None:
        """The counts of a stream, or with *user_id* of an inbox, as HGETALL answers them."""
        tag = self._tag(client_id, channel, user_id)
        self._audience[client_id, channel, user_id] = self._interest.total(tag, told)

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        """See `News.audience`.

        Nobody counts by connection: one that names connections is taken to have reached as many of them as there are
        connections of the client.
        """
        return [self._count(publication) for publication in publications]

    def present(self, client_id: ClientId, channel: str, user_id: UserId, connections: int) -> None:
        """See `News.present`."""
        self._interest.set(self._tag(client_id, channel, user_id), connections)

    def _count(self, publication: Publication) -> int:
        notification = publication.notification
        if publication.user_id:
            return self._audience.get((notification.client_id, "", publication.user_id), 0)
        count = self._audience.get((notification.client_id, notification.stream, UserId("")), 0)
        if notification.kind is _CONNECTIONS or notification.kind is _USERS:
            return min(count, len(notification.connections))
        return count

    def _tag(self, client_id: ClientId, channel: str, user_id: UserId) -> str:
        return self._keys.user(client_id, user_id) if user_id else self._keys.channel(client_id, channel)
