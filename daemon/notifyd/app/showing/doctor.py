"""Which checks this daemon is examined by: those of its machine, and those of the engines that it has."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notifyd.app.machine.secrets import FILE_NAME, MASTER_KEY_FILE_NAME, WEBHOOKS_FOLDER, master_key_path
from notifyd.config.catalogue import catalogue
from notifyd.config.engine_forms import LOCAL, SQLITE, is_cluster
from notifyd.config.places import overlay_file
from notifyd.policy.diagnosis.engines import judge_mongo, judge_redis
from notifyd.service.doctor import Doctor
from notifyd.service.doctor.credentials import PushCheck, TlsCheck
from notifyd.service.doctor.engines import EngineCheck, LocalBrokerCheck, RecordsCheck
from notifyd.service.doctor.files import DiskSyncCheck, LeftoversCheck, SecretFilesCheck
from notifyd.service.doctor.jobs import JobsCheck
from notifyd.service.doctor.machine import (
    ConfigurationCheck,
    DaemonCheck,
    DescriptorCheck,
    FolderCheck,
    MasterKeyCheck,
)
from notifyd.service.doctor.ports import BacklogCheck, ListenersCheck
from notifyd.service.doctor.process import ClockStepsCheck, MemoryCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyd.app.parts.engines import Engines
    from notifyd.app.parts.graph import Graph
    from notifyd.config import Loaded, Settings
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
            ListenersCheck(lambda: graph.daemon.listeners),
            BacklogCheck(server.backlog),
            DescriptorCheck(lambda: settings().server.max_connections),
            MemoryCheck(lambda: _kept_bytes(settings())),
            FolderCheck(server.state_dir, [server.state_dir / name for name in (FILE_NAME, MASTER_KEY_FILE_NAME)]),
            SecretFilesCheck(secret_files(graph.loaded), lambda: _admin_socket(graph)),
            LeftoversCheck(server.state_dir),
            DiskSyncCheck(server.state_dir, graph.daemon.about.durability),
            ClockStepsCheck(),
            MasterKeyCheck(key_file, graph.engines.master_key, shared=records.url != SQLITE),
            *_credential_checks(graph, settings()),
            *([JobsCheck(graph.bullmq)] if graph.bullmq is not None else []),
            _broker_check(graph, settings(), link),
            _records_check(graph.engines, settings()),
        )
    )


def secret_files(loaded: Loaded) -> list[tuple[Path, str]]:
    """Files that hold secrets of the settings, and what each is."""
    settings = loaded.settings
    found = []
    if settings.server.tls_key is not None:
        found.append((settings.server.tls_key, "the key of the certificate"))
    kept = {loaded.origins[path].partition(" ")[0] for path, entry in catalogue().items() if entry.setting.secret}
    if loaded.file is not None and "file" in kept:
        found.append((loaded.file.absolute(), "the configuration, which holds secrets"))
    if loaded.file is not None and "overlay" in kept:
        found.append((overlay_file(loaded.file.absolute()), "the overlay of the configuration, which holds secrets"))
    for webhook in settings.webhooks:
        usual = settings.server.state_dir / WEBHOOKS_FOLDER / f"{webhook.name}.secret"
        found.append((webhook.secret_file or usual, f"the secret of the webhook {webhook.name}"))
    return found


def _admin_socket(graph: Graph) -> Path | None:
    urls = (listener.url for listener in graph.daemon.listeners if listener.name == "admin")
    return next((Path(url.removeprefix("unix:")) for url in urls if url.startswith("unix:")), None)


def _kept_bytes(settings: Settings) -> int:
    """What the settings let this process keep in memory; with Redis it is there instead."""
    local = settings.history.max_bytes + settings.inbox.max_bytes + settings.dead_letters.max_bytes
    return local if settings.broker.url == LOCAL else 0


def _credential_checks(graph: Graph, settings: Settings) -> Iterator[Check]:
    server, push = settings.server, settings.push
    if server.tls_certificate is not None and server.tls_key is not None:
        yield TlsCheck(server.tls_certificate, server.tls_key, lambda: _loaded_ends_at(graph))
    router = graph.pushing.router if graph.pushing is not None else None
    if push.firebase_project_id:
        key = push.firebase_private_key.replace("\\n", "\n")
        yield PushCheck(push.firebase_client_email, key, lambda: router.paused_seconds() if router else 0.0)


def _loaded_ends_at(graph: Graph) -> int:
    ends_at = graph.daemon.certificate_ends_at
    return ends_at() if ends_at is not None else 0


def _broker_check(graph: Graph, settings: Settings, link: Link | None) -> Check:
    if link is None:
        return LocalBrokerCheck(graph.engines.broker, graph.daemon.about.durability)
    from notifyd.redislink.facts import cluster_facts, redis_facts  # the driver is only for those who use it

    harm = "connections stay, and publishing answers 503 until it is back"
    line, prefix, clustered = link.line(_LINE), link.keys.prefix, is_cluster(settings.broker.url)
    ask = partial(cluster_facts, line, prefix) if clustered else partial(redis_facts, line)
    return EngineCheck("broker", "Redis", ask, judge_redis, harm=harm)


def _records_check(engines: Engines, settings: Settings) -> Check:
    if settings.records.url == SQLITE:
        return RecordsCheck(engines.records, "sqlite")
    from notifyd.store.mongo.records import MongoRecords  # its driver is only for those who use it

    assert isinstance(engines.records, MongoRecords), "there is no third engine"
    harm = "keys, clients and devices cannot be changed; all else goes on"
    return EngineCheck("records", "MongoDB", engines.records.facts, judge_mongo, harm=harm)
