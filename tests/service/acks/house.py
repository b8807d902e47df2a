"""The services of one node with acks, and connections that keep what they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.receiving.window import AckRules
from notifyd.service.acks import AckWish
from notifyd.store.delivery_ports import DeadLetterQuery
from tests.service.acking import acks_of

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.service.acks import Opened
    from tests.service.node import Node

ACK_SECONDS = 30.0
RULES = AckRules(
    max_attempts=3,
    retry_seconds=2.0,
    retry_max_seconds=60.0,
    ack_seconds=ACK_SECONDS,
    max_unacked=4,
    max_unacked_bytes=100_000,
)


class Deaths:
    """A desk that keeps what it is told."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def dead(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


class House:
    """A node, and its acks."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.deaths = Deaths()
        self.acks = acks_of(
            node.hub, node.broker, node.subscriber, node.inboxes, node.counters, rules=RULES, desk=self.deaths
        )
        #: Every publication that a connection was sent, with its try.
        self.ids: dict[int, str] = {}

    def subscribe(
        self,
        connection: Connection,
        channel: str = "news",
        *,
        since: StreamPosition | None = None,
        durable: str = "",
        max_unacked: int = 0,
    ) -> Opened:
        """Subscribe with acks, and go live."""
        opened = self.acks.subscribe(connection, channel, AckWish(since, durable, max_unacked), self._encode)
        opened.start()
        return opened

    def receive_inbox(
        self, connection: Connection, since: StreamPosition | None = None, *, max_unacked: int = 0
    ) -> Opened:
        """Receive the inbox with acks."""
        opened = self.acks.open_inbox(connection, since, self._encode, max_unacked=max_unacked)
        opened.start()
        return opened

    def _encode(self, publication: Publication) -> bytes:
        offset = publication.offset if publication.inbox is None else publication.inbox.offset
        self.ids[offset] = publication.notification.id
        again = f"*{publication.attempt}" if publication.attempt > 1 else ""
        return f"{offset}{again} ".encode()

    async def ack(self, connection: Connection, *offsets: int) -> int:
        """Ack what has these offsets; answers how many were not acked before."""
        return (await self.acks.ack(connection, [self.ids[offset] for offset in offsets])).acked

    async def nack(self, connection: Connection, offset: int, reason: str = "") -> int:
        """Refuse what has this offset."""
        return (await self.acks.nack(connection, [self.ids[offset]], reason=reason)).acked

    async def letters(self) -> list[DeadLetter]:
        """The dead letters, the newest first."""
        return await self.node.broker.dead_letters.letters(DeadLetterQuery(DEFAULT_CLIENT), limit=100)


def sent(connection: Connection) -> str:
    """What was written to it."""
    return b"".join(connection.link.writes).decode().strip()  # type: ignore[attr-defined]
