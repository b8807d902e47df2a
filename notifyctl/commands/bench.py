"""notifyctl bench."""

import math
from functools import partial
from typing import Annotated, Any

import typer

from notifyctl.benching.planning.options import (
    Aiming,
    Connections,
    Judging,
    Publishing,
    Steady,
    Subscribers,
    ToMany,
    at_once_option,
    rate_option,
)
from notifyctl.benching.planning.plan import Job, Volume
from notifyctl.command import Invocation, command, noun
from notifyctl.params import duration_option
from notifyctl.showing.output import Record

app = noun("Put load on the daemon, and measure what it makes of it.")

_IMPACT = "Changes the daemon: makes keys for the run and takes them back; the channel keeps what it published."
benchmark = partial(command, app, impact=_IMPACT, asks=True)
"""Registers a benchmark, as `command` does."""


@benchmark(
    "connect",
    example="notifyctl bench connect --connections 1000\n"
    "notifyctl bench connect -C 5000 --rate 500 --hold 10s --slo 'p99<200ms,errors=0'\n"
    "notifyctl bench connect --url wss://push.example.org --key-file key.txt --yes -o json | jq .latency",
)
def connect(
    run: Invocation,
    *,
    aiming: Aiming,
    connections: Connections = 100,
    rate: Annotated[float | None, rate_option("New ones a second.", "as fast as they are ready")] = None,
    concurrency: Annotated[int, at_once_option("Handshakes")] = 32,
    hold: Annotated[
        float, duration_option("--hold", help="Keep them open before they are closed.", show_default="0s")
    ] = 0.0,
    subscribe: Annotated[
        bool, typer.Option("--subscribe/--no-subscribe", help="Subscribe each to a channel too.")
    ] = True,
    judging: Judging,
) -> None:
    """Open WebSocket connections, authenticate and subscribe each, and say how fast and at what cost.

    A latency is the time from the first packet until the connection is authenticated and subscribed. With --rate it
    counts from when the connection was due, so that one that had to wait for others counts that wait.
    """
    from notifyctl.benching.loads import plain

    volume = Volume(rate, connections, None, concurrency=concurrency, warmup_seconds=0.0)

    async def body(course: Any) -> Record:
        await plain.connect(course, volume, connections=connections, hold_seconds=hold, subscribe=subscribe)
        return {}

    settings: Record = {"connections": connections, "rate": rate, "concurrency": concurrency}
    settings |= {"holdSeconds": hold, "subscribe": subscribe}
    _perform(run, aiming, judging, Job("connect", body, settings, connections, seconds=hold))


@benchmark(
    "publish",
    example="notifyctl bench publish --duration 10s\n"
    "notifyctl bench publish --rate 500 --size 1k --slo 'p99<20ms,errors=0'\n"
    "notifyctl bench publish --via http --batch 100 --count 100k -o json | jq .rate",
)
def publish(run: Invocation, *, aiming: Aiming, publishing: Publishing, judging: Judging) -> None:
    """Publish to a channel that nobody listens to, and say how fast notifications are accepted.

    A latency is the time until the daemon has answered that it keeps the notification. With --rate it counts from
    when the request was due, so that a daemon that stands still is charged for all who wait meanwhile; without, each
    request waits for the one before it, and the figures say how fast it can be and not how it feels under that load.
    """
    from notifyctl.benching.loads import plain

    volume = publishing.volume()

    async def body(course: Any) -> Record:
        await plain.publish(course, volume)
        return {}

    _perform(run, aiming, judging, Job("publish", body, volume.record(), volume=volume, via=publishing.via))


@benchmark(
    "fanout",
    example="notifyctl bench fanout --subscribers 1000 --rate 20\n"
    "notifyctl bench fanout -S 200 --rate 500 --duration 30s --slo 'p99<50ms,missing=0'\n"
    "notifyctl bench fanout -S 500 --concurrency 8 -o json | jq .daemon.donePerCpuSecond",
)
def fanout(
    run: Invocation,
    *,
    aiming: Aiming,
    subscribers: Subscribers = 100,
    publishing: ToMany,
    judging: Judging,
) -> None:
    """Publish to a channel with many subscribers, and count what reaches each of them, and when.

    Every delivery is timed from when its notification was published, with --rate from when that was due. What this
    client spends is told beside it: where it is near one whole processor, the daemon may have waited for it.
    """
    _deliver(run, "fanout", aiming, judging, publishing, subscribers)


@benchmark(
    "latency",
    example="notifyctl bench latency\n"
    "notifyctl bench latency --rate 1000 --subscribers 10 --slo 'p99.9<100ms,accepted.p99<50ms'\n"
    "notifyctl bench latency --duration 1m -o json | jq .latency.p99Seconds",
)
def latency(
    run: Invocation,
    *,
    aiming: Aiming,
    subscribers: Subscribers = 1,
    publishing: Steady,
    judging: Judging,
) -> None:
    """Publish at a steady rate, and say how long a notification takes from its producer to a subscriber.

    It counts from when the notification was due: should the daemon stand still for a second, all that was to be
    published in that second waits, and shows in the percentiles.
    """
    _deliver(run, "latency", aiming, judging, publishing, subscribers)


@benchmark(
    "storm",
    example="notifyctl bench storm --connections 1000\n"
    "notifyctl bench storm -C 500 --rounds 5 --spread 2s --slo 'p99<3s,missing=0,unrecovered=0'",
)
def storm(
    run: Invocation,
    *,
    aiming: Aiming,
    connections: Connections = 200,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=1000, metavar="N", help="How often.")] = 3,
    spread: Annotated[
        float, duration_option("--spread", help="They come back within this, at random moments.", show_default="0s")
    ] = 0.0,
    within: Annotated[
        float, duration_option("--within", help="Who is not back after this is given up.", show_default="60s")
    ] = 60.0,
    rate: Annotated[float, rate_option("Notifications a second meanwhile.", "10")] = 10.0,
    judging: Judging,
) -> None:
    """Break all connections off at once, have them come back and resume, and say how long that takes.

    Publishing goes on meanwhile. Each connection resumes behind what it has heard, and in the end everything that was
    accepted must have reached everybody: `missing` counts what did not.
    """
    from notifyctl.benching.loads.storm import Weather
    from notifyctl.benching.loads.storm import storm as blow

    # it ends when all are back; that it may take so long counts where the rate is limited
    most = math.ceil(rate * rounds * within)
    volume = Volume(rate, most, None, concurrency=4, warmup_seconds=0.0)
    weather = Weather(connections, rounds, spread, within)

    async def body(course: Any) -> Record:
        return (await blow(course, volume, weather)).record()

    settings: Record = {"connections": connections, "rounds": rounds, "rate": rate}
    settings |= {"spreadSeconds": spread, "withinSeconds": within}
    _perform(run, aiming, judging, Job("storm", body, settings, connections, volume, seconds=rounds * within))


def _deliver(
    run: Invocation, name: str, aiming: Aiming, judging: Judging, publishing: Publishing, subscribers: int
) -> None:
    from notifyctl.benching.loads import plain

    volume = publishing.volume()

    async def body(course: Any) -> Record:
        await plain.fan_out(course, volume, subscribers=subscribers)
        return {}

    settings = {"subscribers": subscribers, **volume.record()}
    _perform(run, aiming, judging, Job(name, body, settings, subscribers, volume, publishing.via))


def _perform(run: Invocation, aiming: Aiming, judging: Judging, job: Job) -> None:
    from notifyctl.benching.performing import perform

    perform(run, aiming, judging, job)
