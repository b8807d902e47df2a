"""Options that the benchmarks share."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from notifyctl.benching.planning import amounts
from notifyctl.benching.planning.plan import Via, Volume
from notifyctl.exits import usage
from notifyctl.params import duration_option

_SHORTEST_SECONDS = 0.1
_LONGEST_SECONDS = 86400.0
_MOST = 1_000_000_000
_MOST_AT_ONCE = 10_000
_MOST_CONNECTIONS = 100_000


def rate_option(sentence: str, default: str) -> Any:
    """An option that takes a rate and hands over how many a second."""
    return typer.Option("--rate", "-r", metavar="RATE", parser=amounts.rate, help=sentence, show_default=default)


def at_once_option(what: str) -> Any:
    """An option that takes how many of *what* are under way at once."""
    return typer.Option("--concurrency", "-j", min=1, max=_MOST_AT_ONCE, metavar="N", help=f"{what} under way at once.")


def connections_option(*names: str, help: str) -> Any:  # noqa: A002 -- typer's own name for it
    """An option that takes how many connections there are."""
    return typer.Option(*names, min=1, max=_MOST_CONNECTIONS, metavar="N", help=help)


Subscribers = Annotated[int, connections_option("--subscribers", "-S", help="Connections that subscribe.")]
Connections = Annotated[int, connections_option("--connections", "-C", help="So many of them.")]
_Rate = Annotated[float | None, rate_option("Notifications a second.", "as fast as answers come")]
_Requests = Annotated[int, at_once_option("Requests")]


@dataclass(frozen=True)
class Aiming:
    """Options that say whom the load is for."""

    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="ws://HOST:PORT or wss://, or http://HOST:PORT or https:// to publish over REST as well; otherwise "
            "the daemon that all commands ask.",
        ),
    ] = None
    key_file: Annotated[
        str | None,
        typer.Option("--key-file", metavar="FILE", help="The API key for --url; - reads it from stdin."),
    ] = None
    channel: Annotated[
        str,
        typer.Option(
            "--channel", "-c", metavar="CHANNEL", help="Where to; runs know their own notifications among others."
        ),
    ] = "bench"


@dataclass(frozen=True)
class Judging:
    """Options that say how it is watched and judged."""

    slo: Annotated[
        str | None,
        typer.Option(
            "--slo",
            metavar="OBJECTIVES",
            help="What is to be true, such as 'p99<50ms,errors<0.1%,rate>1000'; exit status 1 where it is not.",
        ),
    ] = None
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Say on stderr how far it is; on a terminal unless given."),
    ] = None


@dataclass(frozen=True)
class Publishing:
    """Options that say how much is published, and how."""

    rate: _Rate = None
    concurrency: _Requests = 16
    via: Annotated[
        Via,
        typer.Option(
            "--via",
            help="How: REST, WebSocket, or the admin socket, which no rate limit counts. auto takes REST "
            "unless the limit would spoil it.",
        ),
    ] = "auto"
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, max=_MOST, metavar="N", help="In place of --duration.")
    ] = None
    duration: Annotated[
        float | None, duration_option("--duration", "-d", help="How long it is measured.", show_default="10s")
    ] = None
    size: Annotated[
        int,
        typer.Option("--size", "-s", metavar="BYTES", parser=amounts.size, help="Of the data.", show_default="128"),
    ] = 128
    batch: Annotated[
        int, typer.Option("--batch", "-b", min=1, max=100_000, metavar="N", help="Notifications in one request.")
    ] = 1
    warmup: Annotated[
        float, duration_option("--warmup", help="Load before anything is measured.", show_default="1s")
    ] = 1.0

    def volume(self) -> Volume:
        """The same in one value.

        Raises:
            Refusal: they contradict each other.
        """
        if self.count is not None and self.count % self.batch:
            raise usage(f"--count is a multiple of --batch: {self.count} is none of {self.batch}.")
        if self.count is not None and self.duration is not None:
            raise usage("Give --count or --duration, not both.")
        duration = 10.0 if self.duration is None and self.count is None else self.duration
        if duration is not None and not _SHORTEST_SECONDS <= duration <= _LONGEST_SECONDS:
            raise usage("--duration is between 100ms and 1d.")
        return Volume(self.rate, self.count, duration, self.size, self.batch, self.concurrency, self.warmup)


@dataclass(frozen=True)
class ToMany(Publishing):
    """As `Publishing`, where each request becomes many deliveries."""

    concurrency: _Requests = 4


@dataclass(frozen=True)
class Steady(Publishing):
    """As `Publishing`, always at a rate."""

    rate: Annotated[float, rate_option("Notifications a second.", "50")] = 50.0
