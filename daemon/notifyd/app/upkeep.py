"""Small things that are done now and then."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.machine.sd_notify import ServiceManager
    from notifyd.service.access.keys import Keys
    from notifyd.service.acks import Acks
    from notifyd.service.daemon import Daemon
    from notifyd.service.disk import DiskWatch
    from notifyd.store.record_ports import Records
    from notifyd.telemetry.histogram import Histogram

log = structlog.get_logger("notifyd")

_LAST_USE_SECONDS: Final = 30.0
_PROBE_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 0.5
_DISK_SECONDS: Final = 10.0
_DURABLE_USE_SECONDS: Final = 3600.0


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
