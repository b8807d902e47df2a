"""Settings of the engines, and of what daemons that share them are to each other: broker, records, cluster, BullMQ."""

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from notifyd.config.setting import Setting


class BrokerSettings(Struct, frozen=True):
    """Engine of the queue, the history, the inboxes and the receipts; with Redis, also the bus between daemons."""

    url: Annotated[
        str,
        Setting(
            "Engine: local (in memory over a SQLite journal), or a Redis or Valkey such as rediss://:PASSWORD@HOST:PORT/0.",
            form="broker",
            secret=True,
            follows="local, or the Redis that REDIS_HOST, REDIS_PORT and REDIS_PASSWORD name",
        ),
    ] = "local"
    durability: Annotated[
        str,
        Setting(
            "What accepted means to local: fsync (survives a power cut), os (survives a killed process) or memory.",
            choices=("fsync", "os", "memory"),
        ),
    ] = "fsync"
    prefix: Annotated[
        str,
        Setting("What the names of all keys in Redis begin with; daemons of one prefix are one service.", form="word"),
    ] = "notifyd"
    shards: Annotated[
        int,
        Setting(
            "Parts of the queue in Redis, each dispatched by one daemon at a time; the same for all daemons.",
            low=1,
            high=256,
        ),
    ] = 8
    timeout_seconds: Annotated[float, Setting("A call of Redis that takes longer has failed.", low=0.1, high=60)] = 5.0
    connect_timeout_seconds: Annotated[
        float, Setting("A connection to Redis must be there in this time.", low=0.1, high=60)
    ] = 2.0
    max_waiting: Annotated[
        int, Setting("Commands that may wait for one connection to Redis; more are refused with 503.", low=100)
    ] = 100_000
    ca_file: Annotated[
        Path | None,
        Setting(
            "PEM file of the certificates that vouch for Redis over TLS.",
            follows="those that the system trusts",
        ),
    ] = None


class RecordSettings(Struct, frozen=True):
    """Engine of the keys, the clients and the devices."""

    url: Annotated[
        str,
        Setting(
            "Engine: sqlite: is a file in the state folder; mongodb:// and mongodb+srv:// name a MongoDB.",
            form="records",
            service="MONGODB_URI",
            secret=True,
        ),
    ] = "sqlite:"
    timeout_seconds: Annotated[float, Setting("A call of MongoDB that takes longer has failed.", low=0.1, high=60)] = (
        5.0
    )
    refresh_seconds: Annotated[
        float, Setting("How often what other daemons changed is looked for.", low=0.1, high=4)
    ] = 2.0
    master_key_file: Annotated[
        Path | None,
        Setting(
            "File of the key that seals the clients' secrets: 64 hex digits; made where missing, one for all daemons.",
            follows="master.key in the state folder",
        ),
    ] = None


class ClusterSettings(Struct, frozen=True):
    """The daemons that share a Redis broker."""

    node_name: Annotated[
        str, Setting("What this daemon is called among them.", form="node", follows="host name and process id")
    ] = ""
    heartbeat_seconds: Annotated[float, Setting("How often it tells that it lives.", low=0.05, high=60)] = 1.0
    timeout_seconds: Annotated[
        float,
        Setting(
            "A daemon that is silent for so long is dead, and others take over what it held.",
            low=0.1,
            high=300,
            follows="4, at least four times heartbeat_seconds",
        ),
    ] = 4.0
    query_timeout_seconds: Annotated[
        float, Setting("How long a question to the other daemons waits for their answers.", low=0.1, high=30)
    ] = 2.0


class BullMqSettings(Struct, frozen=True):
    """Jobs that the npm package bullmq adds, taken in as notifications."""

    enabled: Annotated[bool, Setting("Whether they are consumed.", follows="true where url names a Redis")] = False
    url: Annotated[
        str,
        Setting(
            "The Redis that they are added to.",
            form="bullmq",
            secret=True,
            follows="as broker.url, where that is a Redis",
        ),
    ] = ""
    queue: Annotated[str, Setting("Queue that they are on.", form="queue")] = "notifications"
    job: Annotated[str, Setting("Name of the jobs; others fail at once.", form="pattern")] = "notification-job"
    prefix: Annotated[
        str,
        Setting(
            "Prefix of BullMQ's keys, as its producers have it; services that share a Redis have one each.",
            form="tag",
            follows="bull, or {bull} where url names a Redis Cluster",
        ),
    ] = "bull"
    concurrency: Annotated[int, Setting("Jobs in work at once.", low=1, high=10_000)] = 50
