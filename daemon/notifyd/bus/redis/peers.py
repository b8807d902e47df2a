"""What nodes that share a Redis tell and ask each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.bus.ports import Replies
from notifyd.errors import StoreUnavailable
from notifyd.wire.peers import Message, Saying, decode_message, encode_message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import msgspec

    from notifyd.bus.ports import PeerWatcher
    from notifyd.bus.redis.roll import Roll
    from notifyd.model.node import NodeInfo
    from notifyd.redislink.link import Link

log = structlog.get_logger("notifyd.cluster")

#: Asks that are being answered at once; beyond that a node does not answer, and is told to be missing.
_MOST_ANSWERS: Final = 64
#: Told by a node that goes down: who hears it has a look at once, and not with its next heartbeat.
_GOING: Final = "node.going"


class RedisPeers:
    """`Peers` over one topic that all nodes follow and one of each node's own, which answers come by."""

    def __init__(self, link: Link, roll: Roll, *, query_timeout_seconds: float) -> None:
        self._link = link
        self._line = link.line("cluster")
        self._roll = roll
        self.node_id = roll.node_id
        self.query_timeout_seconds = query_timeout_seconds
        self._hearers: dict[str, list[Callable[[str, msgspec.Raw], None]]] = {}
        self._answerers: dict[str, Callable[[msgspec.Raw], Awaitable[bytes]]] = {}
        self._asks: dict[int, _Ask] = {}
        self._numbers = 0
        self._answering = 0
        self._nursery: trio.Nursery | None = None
        roll.on_going = lambda: self.tell(_GOING, b"null")
        self.hear(_GOING, lambda node, body: roll.beat_soon())

    def nodes(self) -> list[NodeInfo]:
        """See `Peers.nodes`."""
        return self._roll.nodes()

    def live(self) -> Sequence[str]:
        """See `Peers.live`."""
        return self._roll.live()

    def working(self) -> Sequence[str]:
        """See `Peers.working`."""
        return self._roll.working

    def follow_working(self, look: Callable[[], None]) -> None:
        """See `Peers.follow_working`."""
        self._roll.on_working = look

    def announce(self) -> None:
        """See `Peers.announce`."""
        self._roll.beat_soon()

    def watch(self, watcher: PeerWatcher) -> None:
        """See `Peers.watch`."""
        self._roll.watch(watcher)

    def hear(self, subject: str, handler: Callable[[str, msgspec.Raw], None]) -> None:
        """See `Peers.hear`."""
        self._hearers.setdefault(subject, []).append(handler)

    def answer(self, subject: str, handler: Callable[[msgspec.Raw], Awaitable[bytes]]) -> None:
        """See `Peers.answer`."""
        self._answerers[subject] = handler

    def tell(self, subject: str, body: bytes, *, node: str = "") -> None:
        """See `Peers.tell`."""
        self._say(Saying.TELL, subject, body, node)

    async def ask(self, subject: str, body: bytes, *, node: str = "") -> Replies:
        """See `Peers.ask`."""
        wanted = {node} if node else set(self.live()) - {self.node_id}
        self._numbers += 1
        number = self._numbers
        ask = self._asks[number] = _Ask(wanted)
        try:
            if wanted and self._say(Saying.ASK, subject, body, node, number=number):
                with trio.move_on_after(self.query_timeout_seconds):
                    await ask.complete.wait()
        finally:
            del self._asks[number]
        return Replies(ask.answers, tuple(sorted(wanted - ask.answers.keys())))

    async def run(self) -> None:
        """See `Peers.run`."""
        keys, listener = self._link.keys, self._link.listener
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            everybody = listener.follow(keys.bus, self._receive, self._roll.missed)
            own = listener.follow(keys.node_topic(self.node_id), self._receive, self._roll.missed)
            try:
                await self._roll.run()
            finally:
                self._nursery = None
                everybody.stop()
                own.stop()

    def _say(self, saying: Saying, subject: str, body: bytes, node: str, *, number: int = 0) -> bool:
        """Whether it could be handed in."""
        keys = self._link.keys
        topic = keys.node_topic(node) if node else keys.bus
        try:
            self._line.send("SPUBLISH", topic, encode_message(self.node_id, saying, subject, body, number=number))
        except StoreUnavailable as exc:
            log.debug("peers_not_told", subject=subject, problem=exc.message)
            return False
        return True

    def _receive(self, payload: bytes) -> None:
        message = decode_message(payload)
        if message is None:
            log.warning("peer_not_understood", size=len(payload))
        elif message.sender == self.node_id:
            return
        elif message.saying is Saying.TELL:
            for handler in self._hearers.get(message.subject, ()):
                handler(message.sender, message.body)
        elif message.saying is Saying.ANSWER:
            ask = self._asks.get(message.number)
            if ask is not None:
                ask.take(message)
        elif self._nursery is not None and message.subject in self._answerers and self._answering < _MOST_ANSWERS:
            self._answering += 1
            self._nursery.start_soon(self._answer, message)

    async def _answer(self, message: Message) -> None:
        try:
            with trio.move_on_after(self.query_timeout_seconds):
                body = await self._answerers[message.subject](message.body)
                self._say(Saying.ANSWER, message.subject, body, message.sender, number=message.number)
        except Exception:
            # an ask that brings out a fault of ours is answered by nobody, and ends nothing
            log.exception("peer_not_answered", subject=message.subject)
        finally:
            self._answering -= 1


class _Ask:
    """One question under way."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self.answers: dict[str, msgspec.Raw] = {}
        self.complete = trio.Event()

    def take(self, message: Message) -> None:
        """One of them has answered."""
        if message.sender in self._wanted:
            self.answers[message.sender] = message.body
            if len(self.answers) == len(self._wanted):
                self.complete.set()
