"""Small things that are done now and then."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.app.listeners.renewal import watch_certificate
from notifyd.errors import StoreUnavailable
from notifyd.service.disk import DiskWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.listeners.fronts import Fronts
    from notifyd.app.machine.sd_notify import ServiceManager
    from notifyd.app.parts.graph import Graph
    from notifyd.app.place import Place
    from notifyd.config import Settings
    from notifyd.service.access.keys import Keys
    from notifyd.service.acks import Acks
    from notifyd.service.daemon import Daemon
    from notifyd.store.record_ports import Records
    from notifyd.telemetry.histogram import Histogram

log = structlog.get_logger("notifyd")

_LAST_USE_SECONDS: Final = 30.0
_PROBE_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 0.5
_DISK_SECONDS: Final = 10.0
_DURABLE_USE_SECONDS: Final = 3600.0


def look_after(
    nursery: trio.Nursery, graph: Graph, place: Place, fronts: Fronts, in_force: Callable[[], Settings]
) -> None:
    """Start all that a daemon needs of them; *in_force* answers the settings of the moment."""
    if place.certificate is not None:
        nursery.start_soon(watch_certificate, place.certificate, fronts.show_certificate)
    nursery.start_soon(keep_last_uses, graph.keys)
    nursery.start_soon(keep_durables, graph.acks, lambda: in_force().subscriptions.durable_max_age_seconds)
    nursery.start_soon(watch_records, graph.engines.records)
    nursery.start_soon(keep_watch, graph.daemon, place.counters.times.loop_lag)
    nursery.start_soon(watch_disk, _disk_of(graph))
    nursery.start_soon(graph.refresher.run)


def _disk_of(graph: Graph) -> DiskWatch:
    disk = DiskWatch(graph.loaded.settings.server.state_dir)
    graph.daemon.disk_room = lambda: disk.room
    graph.daemon.others.append(disk.state)
    return disk


async def keep_last_uses(keys: Keys) -> None:
    """Write down when keys were used last, in batches."""
    while True:
        await trio.sleep(_LAST_USE_SECONDS)
        await try_to_keep_last_uses(keys)


async def try_to_keep_last_uses(keys: Keys) -> None:
    """Write down when keys were used last, once; a store that is away is logged, because nothing depends on it."""
    try:
        await keys.keep_last_uses()
    except StoreUnavailable as exc:
        log.warning("last_uses_not_kept", problem=exc.message)


async def keep_durables(acks: Acks, max_age_seconds: Callable[[], float]) -> None:
    """Note that durable subscriptions are in use, before the age after which they are forgotten."""
    while True:
        await trio.sleep(min(max(max_age_seconds() / 4, 0.2), _DURABLE_USE_SECONDS))
        acks.note_uses()


async def watch_records(records: Records) -> None:
    """Find out when the records work again: whoever is told that they fail may not come back to try."""
    while True:
        await trio.sleep(_PROBE_SECONDS)
        if records.failing_since() is not None:
            with suppress(StoreUnavailable):
                await records.probe()


async def keep_watch(daemon: Daemon, loop_lag: Histogram) -> None:
    """Notice since when the daemon and its engines are as they are, and how late the event loop comes to that."""
    while True:
        due_at = trio.current_time() + _WATCH_SECONDS
        await trio.sleep_until(due_at)
        loop_lag.observe(trio.current_time() - due_at)
        daemon.readiness()


async def watch_disk(disk: DiskWatch) -> None:
    """See how much room there is."""
    while True:
        await disk.look()
        await trio.sleep(_DISK_SECONDS)


async def watchdog(manager: ServiceManager) -> None:
    """Tell the service manager that the event loop turns, as often as it asks."""
    seconds = manager.watchdog_seconds
    while seconds is not None:
        manager.watchdog()
        await trio.sleep(seconds)
