"""How many connections of each node are live on a stream or on the inbox of a user, told to all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply

#: Told again so often, because what is not told again is forgotten.
_RENEW_SECONDS: Final = 6 * 3600.0
_FORGET_SECONDS: Final = 24 * 3600
#: What a node said is forgotten when it has been silent for so long.
_SILENT_SECONDS: Final = 600.0
#: What changes within it is told at once.
_PAUSE_SECONDS: Final = 0.01
_AWAY_SECONDS: Final = 1.0
_AT_ONCE: Final = 500


class Interest:
    """This node's counts by tag, and what it learns of others'."""

    def __init__(self, line: Line, node: str) -> None:
        self.node = node
        #: The nodes that are alive, this one included.
        self.live_nodes: Callable[[], Collection[str]] = lambda: (node,)
        self._line = line
        self._here: dict[str, int] = {}
        self._untold: dict[str, None] = {}
        self._bell = trio.Event()
        #: Since when nodes have been seen in counts without being alive.
        self._silent: dict[str, float] = {}

    def set(self, tag: str, connections: int) -> None:
        """So many are live here."""
        if connections:
            self._here[tag] = connections
        else:
            self._here.pop(tag, None)
        self._untold[tag] = None
        self._bell.set()

    def here(self, tag: str) -> int:
        """How many are live here."""
        return self._here.get(tag, 0)

    def again(self, tag: str) -> None:
        """What was told of *tag* may have been lost."""
        if tag in self._here:
            self._untold[tag] = None
            self._bell.set()

    def total(self, tag: str, told: Sequence[bytes]) -> int:
        """How many are live on all nodes, where *told* is the answer to HGETALL of the counts."""
        total = self._here.get(tag, 0)
        if not told:
            return total
        alive = self.live_nodes()
        for name, count in zip(told[::2], told[1::2], strict=True):
            node = name.decode()
            if node == self.node:
                continue
            if node in alive:
                self._silent.pop(node, None)
                total += int(count)
            elif monotonic() - self._silent.setdefault(node, monotonic()) > _SILENT_SECONDS:
                self._forget(tag, node)
        return total

    def leave(self) -> None:
        """Nobody is live here any more; it is handed in, and not waited for."""
        self._untold.clear()
        try:
            for tag in self._here:
                self._line.send("HDEL", f"{tag}:n", self.node)
        except StoreUnavailable:
            return

    async def run(self) -> None:
        """Tell what changes until cancelled."""
        renew_at = trio.current_time() + _RENEW_SECONDS
        while True:
            with trio.move_on_at(renew_at) as scope:
                await self._bell.wait()
            if scope.cancelled_caught:
                self._untold |= dict.fromkeys(self._here)
                renew_at = trio.current_time() + _RENEW_SECONDS
            await trio.sleep(_PAUSE_SECONDS)
            self._bell = trio.Event()
            await self._tell_all()

    async def _tell_all(self) -> None:
        while self._untold:
            tags = list(self._untold)[:_AT_ONCE]
            for tag in tags:
                del self._untold[tag]
            try:
                replies = [reply for tag in tags for reply in self._tell(tag)]
                for reply in replies:
                    await reply.wait()
            except StoreUnavailable:
                self._untold |= dict.fromkeys(tags)
                await trio.sleep(_AWAY_SECONDS)

    def _tell(self, tag: str) -> list[Reply]:
        key = f"{tag}:n"
        connections = self._here.get(tag, 0)
        if not connections:
            return [self._line.send("HDEL", key, self.node)]
        return [
            self._line.send("HSET", key, self.node, connections),
            self._line.send("EXPIRE", key, _FORGET_SECONDS),
        ]

    def _forget(self, tag: str, node: str) -> None:
        try:
            self._line.send("HDEL", f"{tag}:n", node)
        except StoreUnavailable:
            return
