"""A composed daemon that does not run: every real object, over engines in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.graph import Engines, Graph, compose
from notifyd.app.translate import broker_options
from notifyd.config import Loaded, load_settings
from notifyd.store.memory.keys import MemoryKeys
from notifyd.store.open import open_broker
from notifyd.telemetry.logs import LogOptions, configure
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import trio


def loaded_with(folder: Path, flags: Mapping[str, str] | None = None, text: str = "") -> Loaded:
    """The settings of a file that says *text*, and of *flags*."""
    file = folder / "notifyd.toml"
    file.write_text(text, encoding="utf-8")
    given = {"broker.durability": "memory", "server.state_dir": str(folder), **(flags or {})}
    return load_settings(config_file=file, environ={"HOME": str(folder)}, flags=given)


async def composed(loaded: Loaded, nursery: trio.Nursery) -> Graph:
    """The graph of these settings; its broker runs."""
    counters = Counters()
    broker = await open_broker(broker_options(loaded.settings), counters)
    nursery.start_soon(broker.run)
    logbook = configure(LogOptions(console=False), counters)
    return compose(loaded, Engines(broker, MemoryKeys(), counters, logbook), dev=False)
