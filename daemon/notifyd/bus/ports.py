"""How nodes reach each other: a batch of publications those that have subscribers, and messages all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.model.node import NodeInfo
    from notifyd.model.publication import Publication
    from notifyd.model.restarted import Restarted

T = TypeVar("T")


class News(Protocol):
    """What the streams of this node get, of an engine that several nodes share; see `store.ports.News`."""

    async def take(self) -> list[Publication | Restarted]:
        """Wait for something, and take all there is."""
        ...

    def waiting(self) -> bool:
        """Whether there is something to take."""
        ...

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        """How many connections of all nodes were there for each when it was stamped."""
        ...


class LiveSide(Protocol):
    """The hub of this node."""

    async def fan_out(self, publications: Sequence[Publication]) -> list[int]:
        """Write them to everyone who is to have them."""
        ...

    def restart(self, restarted: Restarted) -> None:
        """A stream is numbered anew."""
        ...


class Bus(Protocol):
    """One way to all nodes.

    Guarantees: batches reach each node in the order in which they were delivered; with the local bus, who gets what is
    settled before the first await of `deliver`.
    """

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """Hand *publications* on; answers how many connections took each, or were there for it on other nodes.

        Raises:
            StoreUnavailable: the bus is away; nothing was handed on.
        """
        ...


class Replies(msgspec.Struct, frozen=True):
    """What other nodes answered."""

    #: By node, one JSON value each.
    answers: dict[str, msgspec.Raw]
    #: Nodes that are alive and did not answer in time.
    missing: tuple[str, ...] = ()

    def read(self, decode: Callable[[msgspec.Raw], T]) -> tuple[list[T], tuple[str, ...]]:
        """What *decode* makes of the answers, and `missing` with those whose answers are of another version."""
        found: list[T] = []
        strangers: list[str] = []
        for node, body in self.answers.items():
            try:
                found.append(decode(body))
            except (msgspec.DecodeError, ValueError):
                strangers.append(node)
        return found, (*self.missing, *strangers)


class Peers(Protocol):
    """The other nodes of the service. Where there are none, everything here does nothing."""

    @property
    def node_id(self) -> str:
        """This node."""
        ...

    def nodes(self) -> list[NodeInfo]:
        """Every live node by name, this one included, as its latest heartbeat told it."""
        ...

    def live(self) -> Sequence[str]:
        """The ids of the live nodes, this one included."""
        ...

    def working(self) -> Sequence[str]:
        """The ids of those that take work: a node that goes down does not."""
        ...

    def follow_working(self, look: Callable[[], None]) -> None:
        """Call *look* when others are `working` than were; it must not wait or raise."""
        ...

    def announce(self) -> None:
        """Have the others know at once how this node is: it has begun to go down."""
        ...

    def tell(self, subject: str, body: bytes, *, node: str = "") -> None:
        """Have all other nodes told, or one; may get lost where Redis does. *body* is one JSON value."""
        ...

    def hear(self, subject: str, handler: Callable[[str, msgspec.Raw], None]) -> None:
        """Call *handler* with the node and the body of each `tell` of *subject*; it must not wait or raise."""
        ...

    async def ask(self, subject: str, body: bytes, *, node: str = "") -> Replies:
        """Ask all other live nodes, or one, and wait for their answers, `cluster.query_timeout_seconds` at most."""
        ...

    def answer(self, subject: str, handler: Callable[[msgspec.Raw], Awaitable[bytes]]) -> None:
        """Have *handler* answer the asks of *subject*; it is given as long as an asker waits."""
        ...

    def watch(self, watcher: PeerWatcher) -> None:
        """Tell *watcher* of nodes that come and go."""
        ...

    async def run(self) -> None:
        """Tell of this node and listen to the others until cancelled."""
        ...


class PeerWatcher(Protocol):
    """Told of nodes that come and go; nothing here waits or raises."""

    def node_came(self, node: str) -> None:
        """It is live, and was not before."""
        ...

    def node_went(self, node: str) -> None:
        """It is gone, or was silent for too long."""
        ...

    def missed(self) -> None:
        """Messages of other nodes may have been lost until now."""
        ...
