"""The consumer of a BullMQ queue, where there is one."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from notifyd.app.translate.engines import node_name
from notifyd.config.engine_forms import LOCAL
from notifyd.ingress.bullmq.consumer import Consumer
from notifyd.ingress.bullmq.options import BullmqOptions, Timing
from notifyd.ingress.bullmq.services import BullmqServices
from notifyd.redislink.options import RedisOptions
from notifyd.service.daemon import EngineState

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.config import Settings
    from notifyd.service.clients.clients import Clients
    from notifyd.service.publishing.publish import Publisher
    from notifyd.store.ports import Broker
    from notifyd.telemetry.metrics import Counters

#: How many rounds of looking for the changes of others it may take until a client is known here.
_ROUNDS: Final = 2


def compose_bullmq(
    settings: Settings, publisher: Publisher, clients: Clients, broker: Broker, counters: Counters
) -> Consumer | None:
    """The consumer, not running yet; None where it is switched off."""
    if not settings.bullmq.enabled:
        return None
    services = BullmqServices(publisher, clients, counters, broker.durability, broker.failing_since)
    return Consumer(bullmq_options(settings), services, Timing())


def bullmq_state(consumer: Consumer) -> Callable[[], EngineState]:
    """Tells whether its Redis is there."""
    return lambda: EngineState("bullmq", "redis", consumer.failing_since is None, consumer.detail)


def bullmq_options(settings: Settings) -> BullmqOptions:
    """Where the jobs are, as the settings have it."""
    broker, bullmq, records = settings.broker, settings.bullmq, settings.records
    redis = RedisOptions(
        url=bullmq.url,
        timeout_seconds=broker.timeout_seconds,
        connect_timeout_seconds=broker.connect_timeout_seconds,
        ca_file=broker.ca_file,
    )
    # with records of its own, a daemon that is one process knows every client at once
    shared = settings.server.workers > 1 or not records.url.startswith("sqlite:")
    return BullmqOptions(
        redis=redis,
        queue=bullmq.queue,
        job=bullmq.job,
        prefix=bullmq.prefix,
        concurrency=bullmq.concurrency,
        max_data_bytes=settings.http.max_body_bytes,
        recheck_ms=round(_ROUNDS * records.refresh_seconds * 1000) if shared else 0,
        name=node_name(settings),
        service=service_name(settings),
    )


def service_name(settings: Settings) -> str:
    """What operators of other services on the queue are told: the same on all nodes of this one."""
    if settings.broker.url != LOCAL:
        return settings.broker.prefix
    return f"{socket.gethostname()}:{settings.server.state_dir}"
