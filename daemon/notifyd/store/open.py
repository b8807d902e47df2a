"""The single switch: which engine stands behind each port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms
from notifyd.errors import Invalid
from notifyd.store.local.assemble import open_journalled, open_volatile
from notifyd.store.sqlite.records import open_sqlite_records
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifyd.store.options import BrokerOptions
    from notifyd.store.ports import Broker
    from notifyd.store.record_ports import Records
    from notifyd.telemetry.histogram import Histogram


_REDIS: Final = ("redis://", "rediss://", "redis+", "rediss+", "unix://")


async def open_broker(
    options: BrokerOptions, counters: Counters | None = None, *, clock: Callable[[], int] = now_ms
) -> Broker:
    """The broker that *options* name, with everything that it still knows; run it before anything is enqueued.

    It counts in *counters* what it has taken in and what it could not keep. *clock* tells its upkeep the time.

    Raises:
        Invalid: no engine of that name is built in, or the address cannot be read.
        StoreUnavailable: its files or its server cannot be used; the message names them.
    """
    if options.url.startswith(_REDIS):
        # its driver is only for those who use it
        from notifyd.store.redis.broker import open_redis

        return await open_redis(options, counters or Counters(), clock)
    if options.url != "local":
        raise Invalid(_no_such_engine("broker", options.url, "local or redis://"), code="config_invalid")
    if options.durability == "memory":
        return open_volatile(options, counters or Counters(), clock)
    if options.state_dir is None:
        raise Invalid(f"durability {options.durability} needs a state folder", code="config_invalid")
    return await open_journalled(options, options.state_dir / "broker.db", counters or Counters(), clock)


async def open_records(
    url: str, state_dir: Path, *, timeout_seconds: float = 5.0, calls: Histogram | None = None
) -> Records:
    """The records that *url* names. Each call of an engine on another machine ends within *timeout_seconds*.

    *calls* is told how long each takes.

    Raises:
        Invalid: no engine of that name is built in, or the address cannot be read.
        StoreUnavailable: the file or the server cannot be used; the message names it.
    """
    if url.startswith(("mongodb://", "mongodb+srv://")):
        # its driver is only for those who use it
        from notifyd.store.mongo.records import open_mongo_records

        return await open_mongo_records(url, timeout_seconds, calls)
    if url != "sqlite:":
        raise Invalid(_no_such_engine("records", url, "sqlite: or mongodb://"), code="config_invalid")
    return await open_sqlite_records(state_dir / "records.db", calls)


def _no_such_engine(section: str, url: str, known: str) -> str:
    # an address may hold a password: its scheme is all that is told
    scheme = url.partition(":")[0]
    return f"[{section}] url: there is no engine for {scheme!r} in this version; use {known!r}"
