"""The nodes of the service, and what an operator does with one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from notifyd.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.bus.ports import Peers
    from notifyd.model.node import NodeInfo

log = structlog.get_logger("notifyd.cluster")

_DRAIN: Final = "drain"
_CHANGED: Final = "records.changed"


class Nodes:
    """Lists and drains; and tells other nodes what they have to look at."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        #: Begins to drain this node, within so many seconds or as it is set.
        self.on_drain: Callable[[float | None], object] = _nothing
        peers.answer(_DRAIN, self._answer_drain)

    @property
    def node_id(self) -> str:
        """This node."""
        return self._peers.node_id

    def list(self) -> list[NodeInfo]:
        """Every live node by name, this one included."""
        return self._peers.nodes()

    def find(self, name: str) -> NodeInfo:
        """The live node of that id, or of that name where no other has it.

        Raises:
            NotFound: there is none, or several have the name.
        """
        nodes = self.list()
        found = [node for node in nodes if node.id == name] or [node for node in nodes if node.name == name]
        if len(found) == 1:
            return found[0]
        known = ", ".join(node.id for node in (found or nodes))
        problem = (
            f"several nodes are called {name!r}, name one by its id" if found else f"there is no node {name!r}, only"
        )
        raise NotFound(f"{problem}: {known}", code="node_not_found")

    async def drain(self, name: str, seconds: float | None = None) -> NodeInfo:
        """Have one node go: it hands on what it holds, and its connections to the others.

        Raises:
            NotFound: see `find`; or it did not answer in time.
        """
        node = self.find(name)
        log.info("node_drained", node=node.id, name=node.name)
        if node.id == self.node_id:
            self.on_drain(seconds)
            return node
        replies = await self._peers.ask(_DRAIN, msgspec.json.encode(seconds), node=node.id)
        if replies.missing:
            raise NotFound(f"the node {node.name} did not answer: it may be gone", code="node_not_found")
        return node

    def records_changed(self) -> None:
        """Keys or clients were changed by this node: have the others look."""
        self._peers.tell(_CHANGED, b"null")

    def follow_records(self, look: Callable[[], object]) -> None:
        """Call *look* when another node has changed keys or clients."""

        def heard(_node: str, _body: msgspec.Raw) -> None:
            look()

        self._peers.hear(_CHANGED, heard)

    async def _answer_drain(self, body: msgspec.Raw) -> bytes:
        self.on_drain(msgspec.json.decode(body, type=float | None))
        return b"true"


def _nothing(_seconds: float | None) -> None:
    """Before the daemon can drain."""
