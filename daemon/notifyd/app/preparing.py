"""What is opened and read before anything is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.app.machine.secrets import wrong_master_key
from notifyd.app.parts.cluster import node_of
from notifyd.app.parts.engines import Engines
from notifyd.app.parts.graph import Graph, compose
from notifyd.app.problems import CannotStart
from notifyd.app.translate.engines import broker_options
from notifyd.app.translate.pushing import push_options
from notifyd.policy.access.sealing import SealBroken
from notifyd.push.fcm import open_push
from notifyd.store.open import open_broker, open_records

if TYPE_CHECKING:
    from notifyd.app.place import Place
    from notifyd.config import Loaded

log = structlog.get_logger("notifyd")

_STARTUP_SECONDS: Final = 120.0


async def prepare(loaded: Loaded, place: Place) -> Graph:
    """Open the engines, put the daemon together, and load the clients and keys; nothing runs yet.

    Raises:
        CannotStart: what is kept cannot be read with this master key, or within the time of a start; or a secret cannot
            be used.
        StoreUnavailable: an engine cannot be reached.
    """
    try:
        with trio.fail_after(_STARTUP_SECONDS):
            engines = await _open(loaded, place)
            graph = compose(loaded, engines, dev=place.dev)
            await _load_clients(graph, place)
            keys = await engines.records.keys.load()
            # a key whose client is gone is nobody's, whatever a crash left behind
            graph.ring.load(key for key in keys if graph.clients.find(key.client_id) is not None)
    except trio.TooSlowError as exc:
        folder = loaded.settings.server.state_dir
        raise CannotStart(f"what {folder} holds could not be read within {_STARTUP_SECONDS:.0f} s") from exc
    return graph


async def _open(loaded: Loaded, place: Place) -> Engines:
    settings = loaded.settings
    broker = await open_broker(broker_options(settings), place.counters)
    timeout = settings.records.timeout_seconds
    records = await open_records(
        settings.records.url,
        settings.server.state_dir,
        timeout_seconds=timeout,
        calls=place.counters.times.engine.of("records"),
    )
    options = push_options(settings)
    push = await open_push(options) if options is not None else None
    if push is None:
        log.info("push_not_configured", setting="push.firebase_project_id")
    node = node_of(settings, broker)
    return Engines(broker, records, place.counters, place.logbook, place.master_key, node, push)


async def _load_clients(graph: Graph, place: Place) -> None:
    settings = graph.loaded.settings
    try:
        await graph.clients.load()
    except SealBroken as exc:
        if place.fresh_master_key is not None:
            # made a moment ago, and good for nothing: the place is the lost one's
            place.fresh_master_key.unlink(missing_ok=True)
        raise wrong_master_key(settings.records.master_key_file, settings.server.state_dir, exc) from exc
