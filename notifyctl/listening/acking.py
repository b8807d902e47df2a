"""Acks for what was done: never before it was, and many at once where it comes fast."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from notifyctl.exits import Refusal, Status
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyctl.daemons.calling import Daemon
    from notifyctl.showing.output import Record

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


class Handled:
    """Ids that are being worked on; those whose acks the daemon has not answered, and the last of those that it has."""

    def __init__(self) -> None:
        self._in_hand: dict[str, None] = {}
        self._open: dict[str, None] = {}
        self._acked: dict[str, None] = {}

    @property
    def unanswered(self) -> int:
        """How many acks the daemon has not answered."""
        return len(self._open)

    def take(self, publication_id: str) -> None:
        """Work on it begins."""
        self._in_hand[publication_id] = None

    def in_hand(self, publication_id: str) -> bool:
        """Whether it is being worked on."""
        return publication_id in self._in_hand

    def let_go(self, publication_id: str) -> None:
        """It failed: when it comes again it is something new."""
        self._in_hand.pop(publication_id, None)

    def add(self, publication_id: str) -> None:
        """It is done, and its ack is due."""
        self._in_hand.pop(publication_id, None)
        remember(self._open, publication_id)

    def acked(self, ids: Iterable[str]) -> None:
        """The daemon took the acks of *ids*."""
        for publication_id in ids:
            self._open.pop(publication_id, None)
            remember(self._acked, publication_id)

    def forget_open(self) -> None:
        """The acks that are open mean nothing any more: what they were for ended."""
        self.acked(list(self._open))

    def before(self, publication: Record) -> bool:
        """Whether *publication* was done before: its ack was lost, or came too late because the reader is slow."""
        publication_id = publication["id"]
        # The first try of an id that was acked is no redelivery: an operator had it dispatched again.
        return publication_id in self._open or (publication["attempt"] > 1 and publication_id in self._acked)


def unacked_note(count: int) -> str:
    """What a person should hear about so many that were done in vain."""
    return f"{count} {'is' if count == 1 else 'are'} done and not acked: {count} may come again."


class _Due(NamedTuple):
    """An ack, or with a problem a refusal."""

    publication_id: str
    problem: str = ""


def remember(ids: dict[str, None], publication_id: str) -> None:
    """Keep *publication_id* among *ids*, of which the oldest go where there are too many."""
    ids[publication_id] = None
    if len(ids) > _MOST_REMEMBERED:
        del ids[next(iter(ids))]


class Acker:
    """Acks over the admin socket, from a thread beside the one that listens."""

    def __init__(self, daemon: Daemon, note: Callable[[str], None], *, durable: bool, inbox: bool = False) -> None:
        """*durable*: what is not acked outlives the connection. *inbox*: what comes from one is acked too."""
        self._daemon = daemon
        self._note = note
        self._durable = durable
        self._inbox = inbox
        self._handled = Handled()
        self._connection_id = ""
        self._due: queue.SimpleQueue[_Due | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def connected(self, connection_id: str) -> None:
        """The daemon lets us listen as *connection_id*."""
        if not self._durable and connection_id != self._connection_id:
            # What was open ended with the connection before, and this one goes on behind it.
            self._handled.forget_open()
        self._connection_id = connection_id

    def takes(self, publication: Record) -> bool:
        """Whether an ack is due for *publication* when it is done; work on it begins."""
        due = self._due_for(publication)
        if due:
            self._handled.take(publication["id"])
        return due

    def settled(self, publication: Record, problem: str = "") -> None:
        """What had to be done about *publication* is done; or it failed, for the reason *problem*."""
        publication_id = publication["id"]
        if problem:
            self._handled.let_go(publication_id)
        else:
            self._handled.add(publication_id)
        self._due.put(_Due(publication_id, problem))

    def again(self, publication: Record, *, seen: bool = False) -> bool:
        """Whether *publication* came before, as *seen* may know; what is done already is acked once more then."""
        if self._handled.in_hand(publication["id"]):
            return True
        if not (seen or self._handled.before(publication)):
            return False
        if self._due_for(publication):
            self._due.put(_Due(publication["id"]))
        return True

    def _due_for(self, publication: Record) -> bool:
        return acks(publication) and (self._inbox or publication["channel"] is not None)

    def close(self) -> None:
        """Ack what is left; say so when the daemon does not take it."""
        self._due.put(None)
        self._thread.join(_LAST_SECONDS)
        self._daemon.close()
        if self._durable and (count := self._handled.unanswered):
            self._note(unacked_note(count))

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._due.get()]
            while batch[-1] is not None and len(batch) < _AT_ONCE and not self._due.empty():
                batch.append(self._due.get())
            ended = batch[-1] is None
            due = [each for each in batch if each is not None]
            self._ack([each.publication_id for each in due if not each.problem])
            for each in due:
                if each.problem:
                    self._nack(each)

    def _ack(self, ids: list[str]) -> None:
        if ids and self._say(pb.AckDeliveriesRequest(connection_id=self._connection_id, ids=ids)):
            self._handled.acked(ids)

    def _nack(self, due: _Due) -> None:
        ids = [due.publication_id]
        self._say(pb.AckDeliveriesRequest(connection_id=self._connection_id, ids=ids, nack=True, reason=due.problem))

    def _say(self, request: pb.AckDeliveriesRequest) -> bool:
        try:
            self._daemon.call("AckDeliveries", request)
        except Refusal as refusal:
            self._daemon.close()
            if refusal.status not in _PASSING:
                self._note(f"Acks were refused: {refusal.message}")
            return False
        return True
