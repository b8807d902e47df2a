"""What must hold between the settings of engines, and what is allowed there and yet worth a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.config.clash import Clash
from notifyd.config.engine_forms import SQLITE, is_cluster, is_encrypted, is_redis
from notifyd.config.redis_variables import HOST, lonely
from notifyd.config.values import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notifyd.config.settings import Settings

_BEATS = 2
_OF_THE_BROKER = ("prefix", "shards", "max_waiting")
_OF_REDIS = ("timeout_seconds", "connect_timeout_seconds", "ca_file")


def engine_clashes(settings: Settings) -> Iterator[Clash]:
    """Every rule between the settings of engines that *settings* break."""
    yield from _worker_clashes(settings)
    yield from _cluster_clashes(settings)
    yield from _bullmq_clashes(settings)


def _worker_clashes(settings: Settings) -> Iterator[Clash]:
    if settings.server.workers > 1 and not is_redis(settings.broker.url):
        message = (
            "needs a Redis broker (broker.url = redis://...): the local one is the memory of one process, and another "
            "process would neither see its queue nor reach its subscribers"
        )
        yield Clash(("server.workers", "broker.url"), message)


def _cluster_clashes(settings: Settings) -> Iterator[Clash]:
    cluster = settings.cluster
    if cluster.timeout_seconds <= _BEATS * cluster.heartbeat_seconds:
        message = (
            f"must be above twice cluster.heartbeat_seconds ({to_text(cluster.heartbeat_seconds)}), "
            "or a daemon whose heartbeat is a little late counts as dead"
        )
        yield Clash(("cluster.timeout_seconds", "cluster.heartbeat_seconds"), message)
    if cluster.query_timeout_seconds >= settings.admin.call_timeout_seconds:
        message = (
            f"must be below admin.call_timeout_seconds ({to_text(settings.admin.call_timeout_seconds)}), "
            "or a daemon that does not answer makes the whole call fail"
        )
        yield Clash(("cluster.query_timeout_seconds", "admin.call_timeout_seconds"), message)


def _bullmq_clashes(settings: Settings) -> Iterator[Clash]:
    bullmq = settings.bullmq
    if not bullmq.enabled:
        return
    if not is_redis(bullmq.url):
        message = (
            "needs a Redis, because BullMQ keeps its jobs in one: set bullmq.url, or broker.url if it is to be the "
            "broker as well"
        )
        yield Clash(("bullmq.enabled", "bullmq.url", "broker.url"), message)
    elif is_cluster(bullmq.url) and "{" not in bullmq.prefix:
        message = (
            "must have a part in braces, such as {bull}, here and at the producers: a Redis Cluster keeps the keys of "
            "a queue together by it"
        )
        yield Clash(("bullmq.prefix", "bullmq.url", "broker.url"), message)


def engine_warnings(
    settings: Settings, variables: Mapping[str, str], origins: Mapping[str, str], *, production: bool
) -> Iterator[str]:
    """What is allowed and yet worth a word, a sentence each; *origins* has the keys that somebody set."""
    for name in lonely(variables):
        yield f"{name} is set and counts for nothing, because {HOST} is not"
    if is_redis(settings.broker.url):
        yield from _redis_warnings(settings, origins)
    else:
        yield from _local_warnings(settings, origins, production=production)
    if settings.records.url != SQLITE and settings.records.master_key_file is None:
        yield (
            "records.master_key_file is not set: the first daemon makes master.key in its state folder, and others on "
            "the same MongoDB refuse to start without it; copy it to them"
        )


def _redis_warnings(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    if "broker.durability" in origins:
        yield (
            "broker.durability is set and counts for nothing: with a Redis broker accepted means what the "
            "persistence of that Redis (appendonly, appendfsync) makes of it"
        )
    if settings.records.url == SQLITE and settings.server.workers == 1:
        yield (
            "broker.url names a Redis and records.url is sqlite: daemons on other machines would share the "
            "notifications and not know the keys, clients and devices made here; set records.url = mongodb://... for "
            "more than one machine"
        )
    if settings.broker.ca_file and not any(map(is_encrypted, (settings.broker.url, settings.bullmq.url))):
        yield "broker.ca_file is set and counts for nothing: broker.url does not say TLS (rediss://)"


def _local_warnings(settings: Settings, origins: Mapping[str, str], *, production: bool) -> Iterator[str]:
    # the rest is for the Redis of BullMQ as well
    names = _OF_THE_BROKER if settings.bullmq.enabled else (*_OF_THE_BROKER, *_OF_REDIS)
    unused = [name for name in names if f"broker.{name}" in origins]
    if unused:
        listed = ", ".join(f"broker.{name}" for name in unused)
        yield f"{listed}: set, and without meaning for the local broker"
    if production and settings.broker.durability == "memory":
        yield (
            'NODE_ENV=production with broker.durability = "memory": what was accepted is gone when the daemon stops; '
            "os or fsync keep it"
        )
