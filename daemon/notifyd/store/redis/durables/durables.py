"""Durable subscriptions in Redis: each under a tag of its own, used from this node's memory."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import Exhausted, StoreUnavailable
from notifyd.redislink.errors import unavailable
from notifyd.redislink.scripts import load_script
from notifyd.store.redis.durables.index import PAGE, DurableIndex
from notifyd.store.redis.durables.mirror import DurableMirror, state_in
from notifyd.store.redis.durables.sending import DurableSender

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import ClientId
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.link import Link
    from notifyd.store.delivery_ports import Written
    from notifyd.store.options import DurableLimits
    from notifyd.store.ports import Attendance
    from notifyd.store.redis.mirrors.mirror import Mirrors

_READ: Final = load_script("notifyd.store.redis.durables", "read")
_REMOVE: Final = load_script("notifyd.store.redis.durables", "remove")
_TICK_SECONDS: Final = 1.0


class RedisDurables:
    """A `DurableStore` in Redis. See the port for the guarantees.

    What a node changes is sent as a difference and merged by a script, which tells the other nodes that have it at
    hand. The index is written first, so that nothing is kept that is not in it; what is in it and not kept is taken
    out when it is found.

    Whoever sets `changed` has taken the state over when it returns: what it does not know then would be taken back by
    its next put.
    """

    def __init__(self, link: Link, mirrors: Mirrors, limits: DurableLimits, *, clock: Callable[[], int]) -> None:
        self.limits = limits
        #: See `DurableStore.changed`.
        self.changed: Callable[[DurableState], None] | None = None
        self._keys = link.keys
        self._mirrors = mirrors
        self._clock = clock
        self._node = mirrors.interest.node
        self._line = link.line("durables")
        self._index = DurableIndex(self._line, link.keys)
        self._sender = DurableSender(self._line, self._index, self._node)
        self._known: dict[DurableKey, DurableMirror] = {}
        #: How many there are, and how many of each owner that was looked up.
        self._count = 0
        self._owned: dict[tuple[str, str], int] = {}

    async def run(self) -> None:
        """Send what changes, and see to the bounds, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sender.run)
            while True:
                await trio.sleep(_TICK_SECONDS)
                # away: the next tick does it
                with suppress(StoreUnavailable):
                    await self.trim(now=self._clock())
                    await self.refresh()

    async def flush_for_stop(self) -> None:
        """Have told what is not told yet; where Redis is away it is lost."""
        with suppress(StoreUnavailable):
            await self._sender.send_now()

    async def refresh(self) -> None:
        """Have the figures as they are now.

        Raises:
            StoreUnavailable: Redis is away.
        """
        count = await self._index.count()
        self._count = count + sum(
            [mirror.state is not None and not mirror.indexed_at for mirror in self._sender.unsent]
        )

    def attend(self, key: DurableKey) -> Attendance | None:
        """See `DurableStore.attend`."""
        return self._open(key).attend()

    def find(self, key: DurableKey) -> DurableState | None:
        """See `DurableStore.find`."""
        mirror = self._known.get(key)
        if mirror is None or not (mirror.ready or mirror.state is not None or mirror.removing):
            raise unavailable("the durable subscription is not at hand: attend it first")
        return mirror.find()

    def put(self, state: DurableState, *, now: int) -> Written:
        """See `DurableStore.put`. What is not at hand adds to what is known, and takes nothing back."""
        mirror = self._open(state.key)
        if mirror.state is None:
            self._check_room(state.key, now)
            self._counted(state.key, 1)
        mirror.put(state)
        return self._sender.send(mirror)

    async def remove(self, key: DurableKey) -> bool:
        """See `DurableStore.remove`."""
        mirror = self._open(key)
        attendance = mirror.attend()
        if attendance is not None and mirror.state is None:
            await attendance.wait()
        if mirror.state is None:
            await trio.lowlevel.checkpoint()
            return False
        await self._forget(mirror).wait()
        if attendance is not None:
            # until then nobody could tell whether another node has made it anew
            await attendance.wait()
        return True

    async def states(
        self, client_id: ClientId | None = None, *, channel: str = "", limit: int = 1000
    ) -> list[DurableState]:
        """See `DurableStore.states`."""
        await self._sender.flushed()
        found: list[DurableState] = []
        last: DurableKey | None = None
        while len(found) < limit:
            page = await self._index.page(client_id, last)
            found += await self._read_all([key for key in page if not channel or key.channel == channel])
            if len(page) < PAGE:
                break
            last = page[-1]
        return found[:limit]

    async def trim(self, *, now: int) -> int:
        """See `DurableStore.trim`."""
        await self._sender.flushed()
        oldest = self._oldest(now)
        went = 0
        while True:
            page = await self._index.unused(oldest)
            went += await self._forget_unused(page, oldest)
            if len(page) < PAGE:
                return went

    def usage(self) -> int:
        """See `DurableStore.usage`: as it was when it was last looked at, with what this node did since."""
        return self._count

    async def read(self, mirror: DurableMirror) -> tuple[int, Sequence[bytes]]:
        """The number of the last change of one, and what Redis knows of it, as HGETALL answers it.

        On the way those of its owner are counted.

        Raises:
            StoreUnavailable: Redis is away.
        """
        count, reply = self._index.owned(mirror.key), self._line.script(_READ, [mirror.name])
        self._owned[_owner(mirror.key)] = int(await count.wait())
        number, answer = await reply.wait()
        return int(number), answer

    def tell(self, mirror: DurableMirror, state: DurableState) -> None:
        """Another node has changed what is known here."""
        if self.changed is not None:
            mirror.seen(state)
            self.changed(state)

    def dropped(self, key: DurableKey) -> None:
        """Its mirror was let go of."""
        self._known.pop(key, None)
        if not any(_owner(other) == _owner(key) for other in self._known):
            self._owned.pop(_owner(key), None)

    def _open(self, key: DurableKey) -> DurableMirror:
        mirror = self._known.get(key)
        if mirror is None:
            mirror = self._known[key] = DurableMirror(self._mirrors, self, key, self._names(key))
            self._mirrors.want(mirror)
        return mirror

    def _names(self, key: DurableKey) -> tuple[str, str]:
        return self._keys.durable(key.client_id, key.channel, key.owner, key.name)

    def _counted(self, key: DurableKey, count: int) -> None:
        self._count = max(0, self._count + count)
        self._owned[_owner(key)] = max(0, self._owned.get(_owner(key), 0) + count)

    def _oldest(self, now: int) -> int:
        return now - int(self.limits.max_age_seconds * 1000)

    def _check_room(self, key: DurableKey, now: int) -> None:
        limits = self.limits
        if key.owner and self._owned.get(_owner(key), 0) >= limits.max_per_user:
            raise Exhausted(
                f"this user has {limits.max_per_user} durable subscriptions already: use one of them",
                code="too_many_durables",
            )
        if self._count >= limits.max_count:
            self._forget_stale(self._oldest(now))
        if self._count >= limits.max_count:
            raise Exhausted(
                f"there are {self._count} durable subscriptions already, and no more may be made",
                code="too_many_durables",
            )

    def _forget_stale(self, oldest: int) -> None:
        """Let go of what this node knows to be unused: what it does not know goes in time."""
        for mirror in list(self._known.values()):
            if mirror.state is not None and mirror.state.used_at <= oldest:
                self._forget(mirror)

    def _forget(self, mirror: DurableMirror) -> Written:
        mirror.remove()
        self._counted(mirror.key, -1)
        return self._sender.send(mirror)

    async def _forget_unused(self, keys: Sequence[DurableKey], oldest: int) -> int:
        replies: list[Reply] = []
        for key in keys:
            name, topic = self._names(key)
            replies.append(self._line.script(_REMOVE, [name], (topic, self._node, oldest)))
        went = 0
        rest: list[Reply] = []
        for key, reply in zip(keys, replies, strict=True):
            gone, used_at, number = await reply.wait()
            went += gone
            rest += self._gone(key, int(number)) if gone else self._index.add(key, int(used_at))
        for reply in rest:
            await reply.wait()
        return went

    def _gone(self, key: DurableKey, number: int) -> list[Reply]:
        self._counted(key, -1)
        mirror = self._known.get(key)
        if mirror is not None:
            mirror.was_trimmed(number)
        return self._index.remove(key)

    async def _read_all(self, keys: Sequence[DurableKey]) -> list[DurableState]:
        replies = [self._line.send("HGETALL", self._names(key)[0]) for key in keys]
        found: list[DurableState] = []
        for key, reply in zip(keys, replies, strict=True):
            state = state_in(key, await reply.wait())
            if state is None:
                # the index outlived it
                self._index.remove(key)
            else:
                found.append(state)
        return found


def _owner(key: DurableKey) -> tuple[str, str]:
    return key.client_id, key.owner
