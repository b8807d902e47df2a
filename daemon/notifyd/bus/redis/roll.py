"""Who is alive: every node says so with each heartbeat, and hears of the others in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.node import NodeInfo
from notifyd.redislink.scripts import load_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.bus.ports import PeerWatcher
    from notifyd.redislink.link import Link

log = structlog.get_logger("notifyd.cluster")

_beat: Final = load_script("notifyd.bus.redis", "heartbeat")
_DRAINING: Final = "draining"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(NodeInfo).decode


class Roll:
    """The live nodes, as the latest heartbeat found them."""

    def __init__(
        self,
        link: Link,
        describe: Callable[[], NodeInfo],
        *,
        heartbeat_seconds: float,
        timeout_seconds: float,
    ) -> None:
        """*describe* tells of this node; after *timeout_seconds* of silence a node is taken for dead."""
        self._line = link.line("cluster")
        self._key = link.keys.nodes
        self._describe = describe
        self._heartbeat_seconds = heartbeat_seconds
        self._timeout_seconds = timeout_seconds
        self._lag_seconds = 0.0
        #: Since when heartbeats fail; None while they do not.
        self._failing_since: float | None = None
        #: Until then others are given time to say that they are alive.
        self._patient_until = 0.0
        self.node_id = describe().id
        self._others: dict[str, NodeInfo] = {}
        self._watchers: list[PeerWatcher] = []
        self._soon = trio.Event()
        self._going = False
        #: The ids of those that take work; see `Peers.working`.
        self.working: Sequence[str] = (self.node_id,)
        self.on_working: Callable[[], None] = _nothing
        #: Called once Redis has been told that this node goes down, or is gone.
        self.on_going: Callable[[], None] = _nothing

    def nodes(self) -> list[NodeInfo]:
        """Every live node by name, this one included."""
        return sorted([self._own(), *self._others.values()], key=lambda node: (node.name, node.id))

    def live(self) -> Sequence[str]:
        """Their ids."""
        return (self.node_id, *self._others)

    def watch(self, watcher: PeerWatcher) -> None:
        """Tell *watcher* of nodes that come and go."""
        self._watchers.append(watcher)

    def missed(self) -> None:
        """Messages may have been lost: tell the watchers."""
        for watcher in self._watchers:
            watcher.missed()

    async def beat(self, *, leaving: bool = False) -> None:
        """One heartbeat.

        Raises:
            StoreUnavailable: Redis is away; who was live stays so for now.
        """
        began = trio.current_time()
        own = self._own()
        info = b"" if leaving else _encode(own)
        millis = int(self._timeout_seconds * 1000)
        found = await self._line.script(_beat, [self._key], [self.node_id, millis, info]).wait()
        self._lag_seconds = trio.current_time() - began
        self._take(dict(zip(found[::2], found[1::2], strict=True)))
        going = leaving or own.state == _DRAINING
        if leaving or going != self._going:
            self.on_going()
        self._going = going
        self._reckon()

    def beat_soon(self) -> None:
        """Have the next heartbeat now."""
        self._soon.set()

    async def run(self) -> None:
        """Beat until cancelled, and say goodbye."""
        try:
            while True:
                await self._try_to_beat()
                with trio.move_on_after(self._heartbeat_seconds):
                    await self._soon.wait()
                self._soon = trio.Event()
        finally:
            with trio.move_on_after(self._heartbeat_seconds, shield=True):
                await self._leave()

    async def _try_to_beat(self) -> None:
        try:
            await self.beat()
        except StoreUnavailable as exc:
            if self._failing_since is None:
                self._failing_since = trio.current_time()
                log.warning("heartbeat_failed", problem=exc.message)

    async def _leave(self) -> None:
        try:
            await self.beat(leaving=True)
        except StoreUnavailable as exc:
            log.debug("goodbye_failed", problem=exc.message)

    def _own(self) -> NodeInfo:
        return msgspec.structs.replace(self._describe(), lag_seconds=self._lag_seconds)

    def _take(self, found: dict[bytes, bytes]) -> None:
        now = trio.current_time()
        if self._failing_since is not None:
            log.info("heartbeat_back", seconds=round(now - self._failing_since, 3))
            self._failing_since = None
            # a Redis that was restarted empty hears of the others within their next heartbeat
            self._patient_until = now + self._timeout_seconds
        before, self._others = self._others, {}
        if now < self._patient_until:
            self._others.update(before)
        for node, info in found.items():
            node_id = node.decode(errors="replace")
            if node_id != self.node_id:
                self._others[node_id] = _read(node_id, info)
        for node_id in before.keys() - self._others.keys():
            log.info("node_went", node=node_id, name=before[node_id].name)
            for watcher in self._watchers:
                watcher.node_went(node_id)
        for node_id in self._others.keys() - before.keys():
            log.info("node_came", node=node_id, name=self._others[node_id].name)
            for watcher in self._watchers:
                watcher.node_came(node_id)

    def _reckon(self) -> None:
        """Tell who takes work, where that has changed."""
        before = self.working
        others = [node for node, info in self._others.items() if info.state != _DRAINING]
        self.working = tuple(sorted(others if self._going else [self.node_id, *others]))
        if self.working != before:
            self.on_working()


def _nothing() -> None:
    """Nobody has asked to be told."""


def _read(node_id: str, info: bytes) -> NodeInfo:
    try:
        return msgspec.structs.replace(_decode(info), id=node_id)
    except (msgspec.DecodeError, ValueError, RecursionError):
        # a version that is newer by a lot: it is alive, and that is what counts
        return NodeInfo(node_id, node_id, "?", 0, 0)
