"""A composed daemon that does not run: every real object, over engines in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.graph import Engines, Graph, compose
from notifyd.app.translate import broker_options
from notifyd.config import Loaded, load_settings
from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker
from notifyd.telemetry.logs import LogOptions, configure
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import trio

    from notifyd.push.ports import PushProvider


def loaded_with(folder: Path, flags: Mapping[str, str] | None = None, text: str = "") -> Loaded:
    """The settings of a file that says *text*, and of *flags*."""
    file = folder / "notifyd.toml"
    file.write_text(text, encoding="utf-8")
    given = {"broker.durability": "memory", "server.state_dir": str(folder), **(flags or {})}
    return load_settings(config_file=file, environ={"HOME": str(folder)}, flags=given)


#: Under which the secrets of composed daemons are sealed.
MASTER_KEY = bytes(range(32))


async def composed(
    loaded: Loaded, nursery: trio.Nursery, *, push: PushProvider | None = None, dev: bool = False
) -> Graph:
    """The graph of these settings; its broker runs, and the client `default` is there."""
    counters = Counters()
    broker = await open_broker(broker_options(loaded.settings), counters)
    nursery.start_soon(broker.run)
    logbook = configure(LogOptions(console=False), counters)
    engines = Engines(broker, MemoryRecords(), counters, logbook, MASTER_KEY, push)
    graph = compose(loaded, engines, dev=dev)
    await graph.clients.load()
    return graph
