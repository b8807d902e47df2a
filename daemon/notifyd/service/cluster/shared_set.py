"""A set of entries that each node has of its own, and all nodes know.

Each node numbers its changes, and tells them in batches. Who notices a gap, comes, or may have missed something, asks
that node for all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyd.bus.ports import Peers

log = structlog.get_logger("notifyd.cluster")

#: Between two batches: a crowd that comes back is told of in a few messages.
_PAUSE_SECONDS: Final = 0.05
_BATCH: Final = 500
#: Entries that one node shares; beyond it the others do not hear of more.
MOST_SHARED: Final = 200_000


class Follower(Protocol):
    """Told of the entries of other nodes; nothing here waits or raises."""

    def added(self, node: str, key: str, value: msgspec.Raw) -> None:
        """*node* has it, and had it not before, or otherwise."""
        ...

    def removed(self, node: str, key: str, *, dead: bool) -> None:
        """*node* has it no longer; *dead*: because it is gone itself."""
        ...


class _Changes(msgspec.Struct, frozen=True, array_like=True):
    #: Of the first of them.
    number: int
    #: A key, whether it is there, and its value.
    changes: list[tuple[str, bool, msgspec.Raw]]


class _Whole(msgspec.Struct, frozen=True, array_like=True):
    #: Of the change that comes next.
    number: int
    entries: dict[str, msgspec.Raw]


class _Other:
    """What is known of another node."""

    def __init__(self) -> None:
        self.number = -1
        self.entries: dict[str, msgspec.Raw] = {}


#: msgspec raises a plain ValueError for text that is no UTF-8.
_NOT_UNDERSTOOD: Final = (msgspec.DecodeError, ValueError)
_NOTHING: Final = msgspec.Raw(b"null")
_changes: Final = msgspec.json.Decoder(_Changes).decode
_whole: Final = msgspec.json.Decoder(_Whole).decode


class SharedSet:
    """One set; a `PeerWatcher`."""

    def __init__(self, peers: Peers, subject: str, follower: Follower) -> None:
        self._peers = peers
        self._told, self._asked = f"{subject}.changes", f"{subject}.all"
        self._follower = follower
        self._own: dict[str, msgspec.Raw] = {}
        self._pending: dict[str, msgspec.Raw | None] = {}
        self._number = 0
        self._others: dict[str, _Other] = {}
        #: Nodes that are to be asked for all that they have.
        self._unknown: set[str] = set()
        self._bell = trio.Event()
        peers.hear(self._told, self._hear)
        peers.answer(self._asked, self._answer)
        peers.watch(self)

    def put(self, key: str, value: bytes = b"null") -> None:
        """This node has *key*; *value* is one JSON value."""
        if key in self._own or len(self._own) < MOST_SHARED:
            self._own[key] = self._pending[key] = msgspec.Raw(value)
            self._bell.set()

    def discard(self, key: str) -> None:
        """This node has *key* no longer."""
        if self._own.pop(key, None) is not None:
            self._pending[key] = None
            self._bell.set()

    def elsewhere(self, key: str) -> bool:
        """Whether another node has it."""
        return any(key in other.entries for other in self._others.values())

    def others(self) -> Iterator[tuple[str, str, msgspec.Raw]]:
        """All that other nodes have: node, key, value."""
        for node, other in self._others.items():
            for key, value in other.entries.items():
                yield node, key, value

    async def run(self) -> None:
        """Tell and ask until cancelled."""
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            self._tell()
            for node in tuple(self._unknown):
                await self._ask(node)
            await trio.sleep(_PAUSE_SECONDS)

    # What the peers tell

    def node_came(self, node: str) -> None:
        """See `PeerWatcher.node_came`."""
        self._unknown.add(node)
        self._bell.set()

    def node_went(self, node: str) -> None:
        """See `PeerWatcher.node_went`."""
        self._unknown.discard(node)
        other = self._others.pop(node, None)
        for key in other.entries if other is not None else ():
            self._follower.removed(node, key, dead=True)

    def missed(self) -> None:
        """See `PeerWatcher.missed`."""
        self._unknown |= set(self._peers.live()) - {self._peers.node_id}
        self._bell.set()

    def _tell(self) -> None:
        pending = [(key, value is not None, value or _NOTHING) for key, value in self._pending.items()]
        self._pending = {}
        for start in range(0, len(pending), _BATCH):
            batch = pending[start : start + _BATCH]
            self._peers.tell(self._told, msgspec.json.encode(_Changes(self._number, batch)))
            self._number += len(batch)

    def _hear(self, node: str, body: msgspec.Raw) -> None:
        try:
            told = _changes(body)
        except _NOT_UNDERSTOOD:
            log.warning("peer_not_understood", node=node, subject=self._told)
            return
        other = self._others.get(node)
        if other is None or told.number > other.number:
            self.node_came(node)
            return
        for number, (key, there, value) in enumerate(told.changes, told.number):
            if number >= other.number:
                self._put(node, other, key, value if there else None)
                other.number = number + 1

    async def _ask(self, node: str) -> None:
        self._unknown.discard(node)
        replies = await self._peers.ask(self._asked, b"null", node=node)
        body = replies.answers.get(node)
        if body is None:
            if node in self._peers.live():
                self.node_came(node)
            return
        if node not in self._peers.live():
            return  # it went while its answer was on the way, and nobody would tell of that again
        try:
            whole = _whole(body)
        except _NOT_UNDERSTOOD:
            log.warning("peer_not_understood", node=node, subject=self._asked)
            return
        other = self._others.setdefault(node, _Other())
        if whole.number < other.number:
            return  # what was told since then is newer
        for key in [key for key in other.entries if key not in whole.entries]:
            self._put(node, other, key, None)
        for key, value in whole.entries.items():
            self._put(node, other, key, value)
        other.number = whole.number

    async def _answer(self, _body: msgspec.Raw) -> bytes:
        # what waits is told first, so that the number is that of what comes next
        self._tell()
        return msgspec.json.encode(_Whole(self._number, self._own))

    def _put(self, node: str, other: _Other, key: str, value: msgspec.Raw | None) -> None:
        if value is None:
            if other.entries.pop(key, None) is not None:
                self._follower.removed(node, key, dead=False)
            return
        before = other.entries.get(key)
        # what was decoded is a part of a message, which it would keep in memory
        value = value.copy()
        if before is None or bytes(before) != bytes(value):
            try:
                self._follower.added(node, key, value)
            except _NOT_UNDERSTOOD:
                # as if it were not there: nobody is told of its end either
                log.warning("peer_entry_not_understood", node=node, subject=self._told)
                return
        other.entries[key] = value
