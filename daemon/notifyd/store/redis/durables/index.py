"""Which durable subscriptions there are in Redis, by name, by owner and by their last use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.durable import DurableKey
from notifyd.model.ids import ClientId

if TYPE_CHECKING:
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.keys import Keys

PAGE: Final = 200


class DurableIndex:
    """Commands of one line. Every method raises StoreUnavailable while Redis is away."""

    def __init__(self, line: Line, keys: Keys) -> None:
        self._line = line
        self._names = keys.durable_index()

    def add(self, key: DurableKey, used_at: int) -> list[Reply]:
        """There is one of this name, used at *used_at*."""
        names = self._names
        return [
            self._line.send("ZADD", names.names, 0, _member(key)),
            self._line.send("ZADD", names.owners, 0, _owner_member(key)),
            self._line.send("ZADD", names.used, used_at, _member(key)),
        ]

    def remove(self, key: DurableKey) -> list[Reply]:
        """There is none of this name."""
        names = self._names
        return [
            self._line.send("ZREM", names.names, _member(key)),
            self._line.send("ZREM", names.owners, _owner_member(key)),
            self._line.send("ZREM", names.used, _member(key)),
        ]

    def owned(self, key: DurableKey) -> Reply:
        """How many the owner of *key* has."""
        start = f"[{key.client_id}\0{key.owner}".encode()
        return self._line.send("ZLEXCOUNT", self._names.owners, start + b"\0", start + b"\x01")

    async def count(self) -> int:
        """How many there are."""
        return int(await self._line.send("ZCARD", self._names.names).wait())

    async def page(self, client_id: ClientId | None, after: DurableKey | None) -> list[DurableKey]:
        """The next `PAGE`, by client, channel, owner and name; fewer are the last."""
        start, end = b"-", b"+"
        if client_id is not None:
            start, end = f"[{client_id}\0".encode(), f"[{client_id}\x01".encode()
        if after is not None:
            start = b"(" + _member(after)
        members = await self._line.send("ZRANGEBYLEX", self._names.names, start, end, "LIMIT", 0, PAGE).wait()
        return [_key(member) for member in members]

    async def unused(self, since: int) -> list[DurableKey]:
        """`PAGE` of those whose last use may be no later than *since*."""
        members = await self._line.send("ZRANGEBYSCORE", self._names.used, "-inf", since, "LIMIT", 0, PAGE).wait()
        return [_key(member) for member in members]


def _member(key: DurableKey) -> bytes:
    return "\0".join((key.client_id, key.channel, key.owner, key.name)).encode()


def _owner_member(key: DurableKey) -> bytes:
    return "\0".join((key.client_id, key.owner, key.channel, key.name)).encode()


def _key(member: bytes) -> DurableKey:
    client_id, channel, owner, name = member.decode().split("\0")
    return DurableKey(ClientId(client_id), channel, owner, name)
