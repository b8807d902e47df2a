"""Which checks this daemon is examined by: those of its machine, and those of the engines that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.app.secrets import FILE_NAME, MASTER_KEY_FILE_NAME, master_key_path
from notifyd.config.engine_forms import SQLITE, is_cluster
from notifyd.policy.engine_diagnosis import judge_mongo, judge_redis
from notifyd.redislink.facts import cluster_facts, redis_facts
from notifyd.service.doctor import Doctor
from notifyd.service.doctor.engines import EngineCheck, LocalBrokerCheck, RecordsCheck
from notifyd.service.doctor.machine import (
    ConfigurationCheck,
    DaemonCheck,
    DescriptorCheck,
    FolderCheck,
    MasterKeyCheck,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.engines import Engines
    from notifyd.app.graph import Graph
    from notifyd.config import Settings
    from notifyd.redislink.link import Link
    from notifyd.service.doctor import Check

#: The line of its own that examining Redis takes, so that it waits for nobody's commands.
_LINE: Final = "info"


def compose_doctor(graph: Graph, settings: Callable[[], Settings], link: Link | None = None) -> Doctor:
    """The doctor of this daemon; *link* leads to its Redis, where it has one."""
    server, records = settings().server, settings().records
    key_file = master_key_path(records.master_key_file, server.state_dir)
    return Doctor(
        (
            DaemonCheck(graph.daemon),
            ConfigurationCheck(graph.loaded.warnings),
            DescriptorCheck(lambda: settings().server.max_connections),
            FolderCheck(server.state_dir, [server.state_dir / name for name in (FILE_NAME, MASTER_KEY_FILE_NAME)]),
            MasterKeyCheck(key_file, graph.engines.master_key, shared=records.url != SQLITE),
            _broker_check(graph, settings(), link),
            _records_check(graph.engines, settings()),
        )
    )


def _broker_check(graph: Graph, settings: Settings, link: Link | None) -> Check:
    if link is None:
        return LocalBrokerCheck(graph.engines.broker, graph.daemon.about.durability)
    harm = "connections stay, and publishing answers 503 until it is back"
    ask = cluster_facts if is_cluster(settings.broker.url) else redis_facts
    return EngineCheck("broker", "Redis", lambda: ask(link.line(_LINE)), judge_redis, harm=harm)


def _records_check(engines: Engines, settings: Settings) -> Check:
    if settings.records.url == SQLITE:
        return RecordsCheck(engines.records, "sqlite")
    from notifyd.store.mongo.records import MongoRecords  # its driver is only for those who use it

    assert isinstance(engines.records, MongoRecords), "there is no third engine"
    harm = "keys, clients and devices cannot be changed; all else goes on"
    return EngineCheck("records", "MongoDB", engines.records.facts, judge_mongo, harm=harm)
