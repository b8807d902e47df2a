"""Acks for what was printed: never before it was, and many at once where it comes fast."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final

from notifyctl.exits import Refusal, Status
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyctl.client import Daemon
    from notifyctl.output import Record

#: No subscription may have more open; this keeps many of them within one call.
_AT_ONCE: Final = 1000
#: Enough for every delivery that a daemon leaves open; what is forgotten beyond it would be printed twice.
_MOST_REMEMBERED: Final = 50_000
#: How long the end of the command may wait for the last acks.
_LAST_SECONDS: Final = 5.0
#: A daemon that went away, or a connection: what was not acked comes again.
_PASSING: Final = (Status.UNREACHABLE, Status.TIMED_OUT, Status.NOT_FOUND, Status.RATE_LIMITED)


def acks(publication: Record) -> bool:
    """Whether an ack is due for *publication*: what has no place comes once and is not kept."""
    return publication["epoch"] is not None


class Printed:
    """Ids that were printed: those whose acks the daemon has not answered, and the last of those that it has."""

    def __init__(self) -> None:
        self._open: dict[str, None] = {}
        self._acked: dict[str, None] = {}

    @property
    def unanswered(self) -> int:
        """How many acks the daemon has not answered."""
        return len(self._open)

    def add(self, publication_id: str) -> None:
        """It was printed."""
        _remember(self._open, publication_id)

    def acked(self, ids: Iterable[str]) -> None:
        """The daemon took the acks of *ids*."""
        for publication_id in ids:
            self._open.pop(publication_id, None)
            _remember(self._acked, publication_id)

    def before(self, publication: Record) -> bool:
        """Whether *publication* was printed before: its ack was lost, or came too late because the reader is slow."""
        publication_id = publication["id"]
        # The first try of an id that was acked is no redelivery: an operator had it dispatched again.
        return publication_id in self._open or (publication["attempt"] > 1 and publication_id in self._acked)


def _remember(ids: dict[str, None], publication_id: str) -> None:
    ids[publication_id] = None
    if len(ids) > _MOST_REMEMBERED:
        del ids[next(iter(ids))]


class Acker:
    """Acks over the admin socket, from a thread beside the one that prints."""

    def __init__(self, daemon: Daemon, note: Callable[[str], None], *, durable: bool) -> None:
        self._daemon = daemon
        self._note = note
        self._durable = durable
        self._said = Printed()
        self._connection_id = ""
        self._printed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def connected(self, connection_id: str) -> None:
        """The daemon lets us listen as *connection_id*."""
        if not self._durable and connection_id != self._connection_id:
            # What was open ended with the connection before, and this one goes on behind it.
            self._said = Printed()
        self._connection_id = connection_id

    def printed(self, publication: Record) -> None:
        """*publication* was printed and flushed."""
        if acks(publication) and publication["channel"] is not None:
            self._said.add(publication["id"])
            self._printed.put(publication["id"])

    def again(self, publication: Record) -> bool:
        """Whether *publication* was printed before; it is acked once more then."""
        if not self._said.before(publication):
            return False
        self._printed.put(publication["id"])
        return True

    def close(self) -> None:
        """Ack what is left; say so when the daemon does not take it."""
        self._printed.put(None)
        self._thread.join(_LAST_SECONDS)
        self._daemon.close()
        if self._durable and (count := self._said.unanswered):
            self._note(f"{count} printed {'has' if count == 1 else 'have'} no ack: {count} may come again.")

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._printed.get()]
            while batch[-1] is not None and len(batch) < _AT_ONCE and not self._printed.empty():
                batch.append(self._printed.get())
            ended = batch[-1] is None
            self._ack([publication_id for publication_id in batch if publication_id is not None])

    def _ack(self, ids: list[str]) -> None:
        if not ids:
            return
        try:
            self._daemon.call("AckDeliveries", pb.AckDeliveriesRequest(connection_id=self._connection_id, ids=ids))
        except Refusal as refusal:
            self._daemon.close()
            if refusal.status not in _PASSING:
                self._note(f"Acks were refused: {refusal.message}")
        else:
            self._said.acked(ids)
