"""`send --lines`: each line of stdin over one publish stream, a bounded number of them in flight."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notifyctl.daemons.calling import Daemon, refusals
from notifyctl.exits import Refusal, Status
from notifyctl.sending.payload import line_json
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyctl.stdin import Lines

#: Enough to keep the daemon's group commit busy, and few enough that a refusal is noticed early.
_WINDOW: Final = 256
#: How often waits look up, and so how late an interrupt or a due retry may be noticed.
_GLANCE_SECONDS: Final = 0.1


@dataclass
class _Line:
    number: int
    data_json: str
    sent_at: float = 0.0
    #: When the daemon first said "later".
    put_off_at: float | None = None


@dataclass(frozen=True)
class Answer:
    """What became of one line: accepted, or refused for good."""

    number: int
    accepted: types_pb2.PublishResponse | None
    refused: pb.Problem | None = None


@dataclass
class _Shared:
    """What the thread that sends and the one that receives both see, under `changed`."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    in_flight: dict[int, _Line] = field(default_factory=dict)
    #: Lines that the daemon put off, with the moment from which they may be sent again.
    again: list[tuple[float, _Line]] = field(default_factory=list)
    stopped: bool = False


class LinePublisher:
    """Publishes lines and hands back an answer for each, mostly in their order.

    A line that the daemon puts off (queue full, rate limit) is sent again when the daemon said so, and no new line is
    read meanwhile; after *patience_seconds* it counts as refused.
    """

    def __init__(
        self, daemon: Daemon, lines: Lines, template: types_pb2.PublishRequest, patience_seconds: float
    ) -> None:
        self._daemon = daemon
        self._lines = lines
        self._template = template
        self._patience = patience_seconds
        self._shared = _Shared()
        self._inbox: queue.SimpleQueue[pb.PublishResult | Answer | Refusal | None] = queue.SimpleQueue()
        self._read = 0

    def answers(self) -> Iterator[Answer]:
        """An answer for each line.

        Raises:
            Refusal: the daemon went away or fell silent; what is in flight then has no answer.
        """
        call = self._daemon.stream("PublishStream", self._requests())
        threading.Thread(target=self._receive, args=(call,), daemon=True).start()
        try:
            while (item := self._next_item()) is not None:
                if (answer := self._settled(item)) is not None:
                    yield answer
        finally:
            self._shared.stopped = True
            call.cancel()

    @property
    def unanswered(self) -> list[int]:
        """Numbers of the lines that were sent and have no answer."""
        with self._shared.changed:
            return sorted(line.number for line in self._shared.in_flight.values())

    # Receiving: a thread of its own, so that the main one can keep an eye on the clock and on Ctrl-C.

    def _receive(self, call: Any) -> None:
        try:
            with refusals():
                for result in call:
                    self._inbox.put(result)
        except Refusal as refusal:
            self._inbox.put(refusal)
        else:
            self._inbox.put(None)

    def _next_item(self) -> pb.PublishResult | Answer | None:
        while True:
            try:
                item = self._inbox.get(timeout=_GLANCE_SECONDS)
            except queue.Empty:
                self._check_silence()
                continue
            if isinstance(item, Refusal):
                raise item
            return item

    def _check_silence(self) -> None:
        with self._shared.changed:
            oldest = next(iter(self._shared.in_flight.values()), None)
        if oldest is not None and time.monotonic() - oldest.sent_at > self._patience:
            raise Refusal(f"The daemon did not answer within {self._patience:g} s.", Status.TIMED_OUT)

    def _settled(self, item: pb.PublishResult | Answer) -> Answer | None:
        """The answer that *item* is, or None when its line is sent again."""
        if isinstance(item, Answer):
            return item
        with self._shared.changed:
            line = self._shared.in_flight.pop(item.index)
            self._shared.changed.notify_all()
            if item.HasField("accepted"):
                return Answer(line.number, item.accepted)
            now = time.monotonic()
            line.put_off_at = line.put_off_at or now
            due = now + item.refused.retry_after_seconds
            if not item.refused.HasField("retry_after_seconds") or due > line.put_off_at + self._patience:
                return Answer(line.number, None, item.refused)
            self._shared.again.append((due, line))
        return None

    # Sending: grpc runs this generator in a thread of its own.

    def _requests(self) -> Iterator[types_pb2.PublishRequest]:
        index = 0
        while (line := self._next_line()) is not None:
            line.sent_at = time.monotonic()
            with self._shared.changed:
                self._shared.in_flight[index] = line
            index += 1
            request = types_pb2.PublishRequest()
            request.CopyFrom(self._template)
            request.data_json = line.data_json
            yield request

    def _next_line(self) -> _Line | None:
        """The line to send next, as soon as one may be sent; None when all are done."""
        while not self._shared.stopped:
            with self._shared.changed:
                if len(self._shared.in_flight) >= _WINDOW:
                    self._shared.changed.wait(_GLANCE_SECONDS)
                    continue
                if self._shared.again:
                    if (line := self._due()) is not None:
                        return line
                    self._shared.changed.wait(_GLANCE_SECONDS)
                    continue
            if (line := self._fresh()) is not None:
                return line
            with self._shared.changed:
                if self._lines.ended and not self._shared.in_flight and not self._shared.again:
                    return None
                if self._lines.ended:
                    self._shared.changed.wait(_GLANCE_SECONDS)
        return None

    def _due(self) -> _Line | None:
        moment, line = min(self._shared.again, key=lambda entry: entry[1].number)
        if moment > time.monotonic():
            return None
        self._shared.again.remove((moment, line))
        return line

    def _fresh(self) -> _Line | None:
        try:
            raw = self._lines.next(_GLANCE_SECONDS)
        except Refusal as refusal:
            self._inbox.put(refusal)
            self._shared.stopped = True
            return None
        if raw is None:
            return None
        self._read += 1
        try:
            return _Line(self._read, line_json(raw.decode("utf-8-sig")))
        except UnicodeDecodeError:
            problem = pb.Problem(code="invalid_request", message="The line is not UTF-8.")
            self._inbox.put(Answer(self._read, None, problem))
            return None
