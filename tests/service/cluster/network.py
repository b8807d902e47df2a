"""Nodes in one process that hear each other at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from notifyd.bus.ports import Replies
from notifyd.model.node import NodeInfo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.bus.ports import PeerWatcher


class Network:
    """What connects them; a test may have it lose what is told."""

    def __init__(self) -> None:
        self.peers: dict[str, FakePeers] = {}
        self.losing = False

    def join(self, name: str) -> FakePeers:
        """One more node."""
        joined = FakePeers(name, self)
        for other in self.peers.values():
            other.came(name)
        self.peers[name] = joined
        return joined

    def kill(self, name: str) -> None:
        """One fewer."""
        del self.peers[name]
        for other in self.peers.values():
            other.went(name)


class FakePeers:
    """`Peers`."""

    def __init__(self, node_id: str, network: Network) -> None:
        self.node_id = node_id
        self._network = network
        self._hearers: dict[str, Callable[[str, msgspec.Raw], None]] = {}
        self._answerers: dict[str, Callable[[msgspec.Raw], Awaitable[bytes]]] = {}
        self.watchers: list[PeerWatcher] = []

    def nodes(self) -> list[NodeInfo]:
        return [NodeInfo(name, name, "0", 1, 0) for name in self.live()]

    def live(self) -> Sequence[str]:
        return sorted(self._network.peers)

    def hear(self, subject: str, handler: Callable[[str, msgspec.Raw], None]) -> None:
        self._hearers[subject] = handler

    def answer(self, subject: str, handler: Callable[[msgspec.Raw], Awaitable[bytes]]) -> None:
        self._answerers[subject] = handler

    def watch(self, watcher: PeerWatcher) -> None:
        self.watchers.append(watcher)
        for name in self.live():
            if name != self.node_id:
                watcher.node_came(name)

    def came(self, name: str) -> None:
        for watcher in self.watchers:
            watcher.node_came(name)

    def went(self, name: str) -> None:
        for watcher in self.watchers:
            watcher.node_went(name)

    def tell(self, subject: str, body: bytes, *, node: str = "") -> None:
        for other in self._others(node):
            if not self._network.losing and subject in other._hearers:
                other._hearers[subject](self.node_id, msgspec.Raw(body))

    async def ask(self, subject: str, body: bytes, *, node: str = "") -> Replies:
        await trio.lowlevel.checkpoint()
        asked = self._others(node)
        answering = [other for other in asked if subject in other._answerers]
        answers = {
            other.node_id: msgspec.Raw(await other._answerers[subject](msgspec.Raw(body))) for other in answering
        }
        return Replies(answers, tuple(other.node_id for other in asked if other not in answering))

    async def run(self) -> None:
        await trio.sleep_forever()

    def _others(self, node: str) -> list[FakePeers]:
        return [other for name, other in self._network.peers.items() if name != self.node_id and node in ("", name)]
