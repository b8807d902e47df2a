"""What is to be done to whom. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from notifyctl.benching.connections.place import Place
    from notifyctl.showing.output import Record

#: Puts its load on the target of a course, and returns what only it has to tell.
Body = Callable[[Any], Awaitable["Record"]]

Via = Literal["auto", "http", "websocket", "admin"]


@dataclass(frozen=True)
class Volume:
    """How much is published, and how."""

    #: Notifications a second; None: as fast as answers come.
    rate: float | None = None
    count: int | None = None
    duration_seconds: float | None = 10.0
    size_bytes: int = 128
    batch: int = 1
    #: Requests under way at once.
    concurrency: int = 16
    warmup_seconds: float = 1.0

    @property
    def requests(self) -> float:
        """How many requests it may come to; infinite where only the daemon's speed bounds them."""
        by_count = float("inf") if self.count is None else self.count
        by_rate = float("inf")
        if self.rate is not None and self.duration_seconds is not None:
            by_rate = self.rate * self.duration_seconds
        warm = (
            (self.rate if self.rate is not None else float("inf")) * self.warmup_seconds if self.warmup_seconds else 0
        )
        return (min(by_count, by_rate) + warm) / self.batch

    def record(self) -> Record:
        """The same for the machine form."""
        return {
            "rate": self.rate,
            "count": self.count,
            "durationSeconds": self.duration_seconds,
            "sizeBytes": self.size_bytes,
            "batch": self.batch,
            "concurrency": self.concurrency,
            "warmupSeconds": self.warmup_seconds,
        }


@dataclass(frozen=True)
class Target:
    """Whom the load is put on, and with what credentials."""

    ws: Place
    #: None where only the place of the WebSockets is known.
    http: Place | None
    channel: str
    run_id: str
    #: Connections are spread over them.
    keys: tuple[str, ...] = field(repr=False)
    via: Via = "http"

    def key(self, number: int) -> str:
        """The key of connection *number*."""
        return self.keys[number % len(self.keys)]

    @property
    def url(self) -> str:
        """The place by which it is named."""
        return self.ws.url


@dataclass(frozen=True)
class Job:
    """A benchmark and how it is to be done."""

    name: str
    body: Body
    #: What was asked for, as the machine form tells it.
    settings: Record
    #: Connections that it holds open at once, for the daemon's memory.
    connections: int = 0
    #: What is published; None for nothing.
    volume: Volume | None = None
    via: Via = "auto"
    #: How long it may take beside what is published.
    seconds: float = 0.0

    @property
    def descriptors(self) -> int:
        """Connections open at once at this side, those for publishing included."""
        return self.connections + (self.volume.concurrency if self.volume is not None else 0)

    @property
    def longest_seconds(self) -> float:
        """About how long it takes; an hour where only the daemon's speed bounds it."""
        volume = self.volume
        if volume is None:
            return self.seconds
        if volume.duration_seconds is not None:
            return self.seconds + volume.duration_seconds + volume.warmup_seconds
        if volume.count is not None and volume.rate is not None:
            return self.seconds + volume.count / volume.rate + volume.warmup_seconds
        return self.seconds + 3600.0
