"""Looks at the service again and again, in a thread of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from notifyctl.daemons.calling import refusals
from notifyctl.exits import Refusal, Status
from notifyctl.screen.looks import Figures, Look
from notifyctl.showing import convert
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.daemons.calling import Daemon

#: For one answer; a daemon that takes longer is as good as away.
ANSWER_SECONDS: Final = 3.0
_SLOW: Final = 20
_TROUBLES: Final = 30
_WORD_OF_NO_METHOD: Final = "unimplemented"


def look(daemon: Daemon) -> Look:
    """Everything at this moment.

    Raises:
        Refusal: the daemon does not tell, or is not there.
    """
    stats = convert.record(daemon.call("GetStats", pb.GetStatsRequest()))
    nodes = [convert.record(node) for node in _asked(daemon, "ListNodes", pb.ListNodesRequest(), "nodes")]
    slow = daemon.call("ListConnections", pb.ListConnectionsRequest(slow=True, limit=_SLOW))
    degraded = any(node["state"] == "degraded" for node in nodes)
    engines = _asked(daemon, "GetStatus", pb.GetStatusRequest(), "engines") if degraded else []
    return Look(
        stats=stats,
        nodes=nodes,
        slow=[convert.record(each) for each in slow.connections],
        cut=[convert.record(each) for each in slow.recently_cut[:_SLOW]],
        troubles=_troubles(daemon),
        away=[convert.record(engine) for engine in engines if not engine.healthy],
    )


def _asked(daemon: Daemon, method: str, request: Any, name: str) -> list[Any]:
    """The list *name* of an answer; empty of a daemon that is too old to know."""
    try:
        return list(getattr(daemon.call(method, request), name))
    except Refusal as refusal:
        if refusal.code == _WORD_OF_NO_METHOD:
            return []
        raise


def _troubles(daemon: Daemon) -> list[dict[str, Any]]:
    request = pb.TailLogsRequest(lines=_TROUBLES, min_level="warning")
    call = daemon.stream("TailLogs", request, timeout_seconds=daemon.timeout_seconds)
    try:
        with refusals(daemon.timeout_seconds):
            return [convert.record(each) for each in call if each.event]
    finally:
        call.cancel()


@dataclass
class Looking:
    """What is known, shared between the thread that looks and the one that paints."""

    figures: Figures = field(default_factory=Figures)
    #: Why there is no answer; "" while there is one.
    problem: str = ""
    #: Since when, as the time of day and by the monotonic clock.
    since: str = ""
    since_monotonic: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self, found: Look) -> None:
        """Take a look in."""
        with self.lock:
            self.figures.take(found)
            self.problem = ""

    def failed(self, refusal: Refusal) -> None:
        """There was none."""
        with self.lock:
            if not self.problem:
                self.since = f"{datetime.now().astimezone():%H:%M:%S}"
                self.since_monotonic = time.monotonic()
            late = refusal.status is Status.TIMED_OUT
            # its first sentence: what could be done about it has no room
            said = refusal.message.partition(". ")[0].rstrip(".") + "."
            self.problem = f"There was no answer within {ANSWER_SECONDS:g} s." if late else said


class Looker(threading.Thread):
    """Looks every `interval` seconds until `stop`; what fails is tried again."""

    def __init__(self, daemon: Daemon, looking: Looking, interval: float, changed: Callable[[], None]) -> None:
        super().__init__(name="looker", daemon=True)
        self._asked = daemon
        self._looking = looking
        self.interval = interval
        self._changed = changed
        self._bell = threading.Event()
        self._over = False

    def run(self) -> None:
        """See `threading.Thread.run`."""
        begun = time.monotonic()
        while not self._over:
            # a look that took long is not made up for
            begun = max(begun + self.interval, time.monotonic())
            self._bell.wait(max(0.0, begun - time.monotonic()) if not self._looking.problem else self._patience())
            self._bell.clear()
            if not self._over:
                self._look()

    def again(self, interval: float) -> None:
        """Look now, and every *interval* from then on."""
        self.interval = interval
        self._bell.set()

    def stop(self) -> None:
        """Look no more. A look that is on the way is left to itself."""
        self._over = True
        self._bell.set()

    def _patience(self) -> float:
        return max(1.0, self.interval)

    def _look(self) -> None:
        try:
            self._looking.seen(look(self._asked))
        except Refusal as refusal:
            if self._over:
                return
            self._looking.failed(refusal)
            # a new link does not wait for the old one's patience to run out
            self._asked.close()
        except ValueError:
            return  # the link was closed under it: this is the end
        self._changed()
