"""One run from its beginning to its summary, whatever ends it."""

from __future__ import annotations

import gc
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trio

from notifyctl.benching.connections.place import Failed
from notifyctl.benching.loads.course import Course
from notifyctl.benching.measuring import report
from notifyctl.benching.measuring.histogram import Histogram
from notifyctl.benching.measuring.meter import Meter, processors
from notifyctl.benching.planning.limits import way
from notifyctl.benching.publishing.posting import Poster
from notifyctl.exits import Refusal, Status, status_of
from notifyctl.values.moments import iso

if TYPE_CHECKING:
    from notifyctl.benching.planning.plan import Job, Target, Volume
    from notifyctl.benching.showing.board import Board
    from notifyctl.daemons.calling import Daemon
    from notifyctl.showing.output import Record


class Run:
    """One run."""

    def __init__(self, job: Job, target: Target, daemon: Daemon, *, figures: bool) -> None:
        """With *figures* the daemon behind the admin socket is the one under load, and tells what it spends."""
        self.course: Course | None = None
        self.interrupted = False
        self._job = job
        self._target = target
        self._daemon = daemon
        self._figures = figures
        self._meter = Meter(daemon if figures else None)
        self._own: Record = {}
        self._started_at = iso(datetime.now(UTC))

    def perform(self, board: Board) -> Record:
        """Do it, and return its summary, also when it was interrupted on the way.

        Raises:
            Refusal: it could not begin.
        """
        gc.collect()
        # what is there already stays, and looking through it would be measured as the daemon's delay
        gc.freeze()
        try:
            trio.run(self._main, board)
        finally:
            gc.unfreeze()
        return self._summary()

    async def _main(self, board: Board) -> None:
        course = self.course = Course(self._target, self._meter, self._daemon)
        await self._probe(course)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._heed_signals, nursery.cancel_scope)
            nursery.start_soon(board.show, course)
            self._own = await self._job.body(course)
            nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await self._meter.ends()

    async def _probe(self, course: Course) -> None:
        """See that there is somebody, and that the key is good: a wrong one is no result."""
        try:
            link = await course.link(0)
            if self._job.name != "publish":
                await link.subscribe(course.target.channel)
        except Failed as failed:
            raise refused(failed, course.target.url) from failed
        link.leave()
        if self._target.via == "http" and self._job.volume is not None and not self._figures:
            await self._look_at_limits(course, self._job.volume)

    async def _look_at_limits(self, course: Course, volume: Volume) -> None:
        """See that the rate limit of a daemon that tells nothing else does not spoil the run."""
        with course.lanes(1) as (lane,):
            assert isinstance(lane, Poster), "it is published to over REST"
            try:
                limits = await lane.limits(self._target.channel)
            except Failed as failed:
                raise refused(failed, course.target.url) from failed
        way("http", volume, limits, http=True, admin=False)

    async def _heed_signals(self, scope: trio.CancelScope) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                self.interrupted = True
                scope.cancel()
                return

    def _summary(self) -> Record:
        course, elapsed = self.course, self._meter.elapsed_seconds
        assert course is not None, "it was performed"
        measured = self._meter.begin is not None
        landed = report.deliveries(course.arrivals, elapsed)
        tried = report.operations(course.operations, elapsed)
        done = course.operations.succeeded if landed is None else landed["received"]
        return {
            "benchmark": self._job.name,
            "target": self._target.url,
            "startedAt": self._started_at,
            "elapsedSeconds": round(elapsed, 3),
            "interrupted": self.interrupted,
            "settings": {"via": self._target.via, "channel": self._target.channel, **self._job.settings},
            "rate": (landed if landed is not None and self._timed else tried)["perSecond"],
            "operations": tried,
            "deliveries": landed,
            "latency": report.latency(self.histograms[""]),
            "acceptLatency": report.latency(self.histograms["accepted"]) if landed is not None else None,
            "bytes": {"sent": course.sent_bytes, "received": course.received_bytes},
            "client": report.client(self._meter, course.late) if measured else None,
            "machine": report.machine(self._meter, processors(), with_daemon=self._target.ws.loopback)
            if measured
            else None,
            "daemon": report.daemon(self._meter, done=done, connections=self._job.connections),
            **self._own,
        }

    @property
    def histograms(self) -> dict[str, Histogram]:
        """What latencies are of, by the prefix that objectives know them by; the main one has none."""
        assert self.course is not None, "it was performed"
        course = self.course
        if course.arrivals is not None and self._timed:
            return {"": course.arrivals.latency, "accepted": course.operations.latency}
        return {"": course.operations.latency, "accepted": Histogram()}

    @property
    def _timed(self) -> bool:
        """Whether the run is about deliveries, and not about connecting or publishing."""
        return self.course is not None and self.course.arrivals is not None and self.course.arrivals.timed


def refused(failed: Failed, url: str) -> Refusal:
    """Why nothing could begin."""
    said = str(failed)
    match failed.kind:
        case "connection_refused" | "unknown_host" | "host_unreachable" | "connection_reset" | "connection_lost":
            return Refusal(f"{url} cannot be reached: {_words(failed.kind)}.", Status.UNREACHABLE, code="unreachable")
        case "timeout":
            return Refusal(f"{url} did not answer in time.", Status.TIMED_OUT)
        case "certificate_not_trusted" | "tls_failed":
            return Refusal(f"{url}: {_words(failed.kind)}; name the file of its CA in SSL_CERT_FILE.", Status.DENIED)
        case "protocol_error":
            return Refusal(f"{url} does not speak WebSocket.", Status.FAILED, code="unreachable")
        case kind if kind.startswith(("http_", "closed_")):
            return Refusal(f"{url} refused a connection: {_words(kind)}.", Status.FAILED, code=kind)
        case kind:
            return Refusal(f"{said}", status_of(kind), code=kind)


def _words(kind: str) -> str:
    return kind.replace("_", " ").replace("http ", "HTTP ")
