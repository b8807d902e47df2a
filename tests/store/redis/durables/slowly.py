"""Nodes to which answers and messages of Redis come when a test lets them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.store.options import DurableLimits
from notifyd.store.redis.durables.durables import RedisDurables
from tests.redislink.waiting import until
from tests.store.redis.gates import Gate, hold_back, slow_down
from tests.store.redis.history.streaming import nodes
from tests.store.samples import T0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.redislink.options import RedisOptions
    from notifyd.store.redis.durables.mirror import DurableMirror
    from tests.store.redis.history.streaming import Node

KEY = DurableKey(DEFAULT_CLIENT, "orders", "", "audit")
#: The scripts that change one.
_TELLING = ("put", "remove")
NEW = DurableState(KEY, "e", 10, (), (), T0)


class SlowDurables(RedisDurables):
    """The durable subscriptions of a node. Shut `answers`, `news` or `looks`: they come when these are opened."""

    def __init__(self, node: Node) -> None:
        #: To what this node tells.
        self.answers = Gate()
        #: From the topics.
        self.news = Gate()
        #: What was read.
        self.looks = Gate()
        self.name = node.name
        self._heard: list[bytes] = []
        self._looking = 0
        self._looked = False
        #: The one that was read last.
        self.mirror: DurableMirror
        self.lives = hold_back(node.link.listener, self.news, self._heard)
        slow_down(node.link.line("durables"), _TELLING, self.answers)
        super().__init__(node.link, node.mirrors, DurableLimits(), clock=lambda: T0)

    async def read(self, mirror: DurableMirror) -> Any:
        if mirror.key == KEY:
            self.mirror, self._looked = mirror, True
        self._looking += 1
        try:
            found = await super().read(mirror)
            await self.looks.go_through()
        finally:
            self._looking -= 1
        return found

    async def at_hand(self) -> DurableState | None:
        """What it is, with nothing left to be read."""
        self.attend(KEY)
        await until(lambda: bool(self.lives) and self._looked and not self._looking and self.mirror.current)
        return self.find(KEY)

    async def have_heard(self, kind: str, node: SlowDurables) -> None:
        """A message of this kind, told by *node*, has come, to the gate at least."""
        head, name = f'["{kind}"'.encode(), f'"{node.name}"'.encode()
        await until(lambda: any(message.startswith(head) and name in message for message in self._heard))


@asynccontextmanager
async def slow_nodes(options: RedisOptions) -> AsyncIterator[tuple[SlowDurables, SlowDurables]]:
    """Two of them, over one Redis."""
    async with nodes(options, 2) as opened, trio.open_nursery() as nursery:
        one, other = SlowDurables(opened[0]), SlowDurables(opened[1])
        nursery.start_soon(one.run)
        nursery.start_soon(other.run)
        yield one, other
        nursery.cancel_scope.cancel()
