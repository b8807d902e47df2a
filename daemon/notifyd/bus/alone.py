"""The only node there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.bus.ports import Replies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.node import NodeInfo


class Alone:
    """`Peers` of a daemon that shares its engine with nobody."""

    def __init__(self, node_id: str, describe: Callable[[], NodeInfo]) -> None:
        self.node_id = node_id
        self._describe = describe

    def nodes(self) -> list[NodeInfo]:
        """See `Peers.nodes`."""
        return [self._describe()]

    def live(self) -> Sequence[str]:
        """See `Peers.live`."""
        return (self.node_id,)

    def working(self) -> Sequence[str]:
        """See `Peers.working`."""
        return (self.node_id,)

    def follow_working(self, look: object) -> None:
        """See `Peers.follow_working`: it never changes."""

    def announce(self) -> None:
        """See `Peers.announce`: to nobody."""

    def tell(self, subject: str, body: bytes, *, node: str = "") -> None:
        """See `Peers.tell`: nobody hears it."""

    def hear(self, subject: str, handler: object) -> None:
        """See `Peers.hear`: nobody tells."""

    async def ask(self, subject: str, body: bytes, *, node: str = "") -> Replies:
        """See `Peers.ask`."""
        await trio.lowlevel.checkpoint()
        return Replies({})

    def answer(self, subject: str, handler: object) -> None:
        """See `Peers.answer`: nobody asks."""

    def watch(self, watcher: object) -> None:
        """See `Peers.watch`: nobody comes or goes."""

    async def run(self) -> None:
        """See `Peers.run`."""
        await trio.sleep_forever()
