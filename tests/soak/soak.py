"""One soak: warm up, be quiet, load, be quiet again, and take samples all the while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import trio
from msgspec import Struct

from tests.soak.crowd import CROWD, SECRET, Place, visit
from tests.soak.samples import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.daemon import Daemon
    from tests.e2e.rest import Rest
    from tests.soak.samples import Phase, Sample

#: Every bound is so low that the warm-up fills it: what grows after that grows without a bound.
SETTINGS: Final = (
    "limits.enabled=false",
    "server.drain_seconds=1",
    "grpc.enabled=true",
    "broker.durability=os",
    "history.max_publications=100",
    "receipts.max_count=1000",
    "receipts.max_all_events=2000",
    "delivery.max_idempotency_keys=500",
    "inbox.max_notifications=30",
    "dead_letters.max_count=200",
    "subscriptions.ack_seconds=1",
    "delivery.retry_delay_seconds=0.2",
    "websocket.outbox_bytes=65536",
    "delivery.max_data_bytes=32768",
    "websocket.heartbeat_interval_seconds=2",
    "websocket.connection_timeout_seconds=5",
    "socketio.ping_interval_seconds=2",
    "socketio.ping_timeout_seconds=3",
    "socketio.connect_timeout_seconds=4",
)

#: Until the last one counts as gone who left without a word. Who is there even then is for the verdict to tell.
_LEAVING_SECONDS: Final = 90.0

RULES: Final = '[[channels]]\npattern = "present"\npresence = true\njoin_leave = true\nusers_subscribe = true\n'


class Plan(Struct, frozen=True):
    """How long each phase takes, in seconds."""

    warm_up: float
    quiet: float
    load: float
    between_samples: float

    @classmethod
    def of(cls, seconds: float) -> Plan:
        """Phases that fit in so many seconds."""
        quiet = min(60.0, 0.12 * seconds)
        warm_up = min(300.0, 0.25 * seconds)
        return cls(warm_up, quiet, seconds - warm_up - 2 * quiet, min(5.0, max(0.5, seconds / 100)))


class Soak:
    """Does it to one daemon."""

    def __init__(self, daemon: Daemon, plan: Plan, say: Callable[[str], None]) -> None:
        self._daemon = daemon
        self._plan = plan
        self._say = say
        self._sampler = Sampler(daemon)

    async def run(self) -> list[Sample]:
        """All samples."""
        place = await self._place()
        async with self._daemon.rest() as client:
            await self._under(place, client, "warm-up", self._plan.warm_up)
            await self._quiet(client, "quiet before")
            await self._under(place, client, "load", self._plan.load)
            await self._quiet(client, "quiet after")
        return self._sampler.samples

    async def _place(self) -> Place:
        async with self._daemon.rest() as client:
            body = {"appName": "soak", "clientSecret": SECRET}
            client_id = str((await client.call("POST", "/api/v1/clients", body)).json["id"])
        return Place(self._daemon, await self._daemon.key(clientId=client_id), client_id)

    async def _under(self, place: Place, client: Rest, phase: Phase, seconds: float) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(visit, place, CROWD)
            await self._look(client, phase, seconds)
            nursery.cancel_scope.cancel()

    async def _quiet(self, client: Rest, phase: Phase) -> None:
        """Wait until the last one has been seen to go, which takes a timeout for who left without a word."""
        with trio.move_on_after(_LEAVING_SECONDS):
            # the look itself takes its time, and there is nothing in the daemon to wait for
            while (sample := await self._sampler.take(client, "warm-up")).connections or sample.sessions:  # noqa: ASYNC110
                await trio.sleep(0.5)
        await self._look(client, phase, self._plan.quiet)

    async def _look(self, client: Rest, phase: Phase, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            sample = await self._sampler.take(client, phase)
            self._say(
                f"{sample.at:7.1f} s {phase:12} {sample.connections:4} connections {sample.tasks:4} tasks"
                f" {sample.resident_bytes >> 20:4} MiB {sample.open_files:4} files {sample.threads:3} threads"
                f" {sample.database_bytes >> 20:4} MiB on disk {sample.accepted:8} accepted"
            )
            await trio.sleep(self._plan.between_samples)


def configure(daemon: Daemon) -> None:
    """Give *daemon* the file with the rules of the channels, which are no settings of the command line."""
    folder = daemon.folder / "notifyd"
    folder.mkdir()
    (folder / "notifyd.toml").write_text(RULES)
