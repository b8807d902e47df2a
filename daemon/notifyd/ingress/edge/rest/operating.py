"""Health, figures, metrics, the queue, and the description of all this."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

from notifyd.clock import iso_ms, now_ms
from notifyd.errors import Unavailable
from notifyd.ingress.edge.rest.conditional import conditional
from notifyd.ingress.edge.rest.metrics import metrics
from notifyd.ingress.edge.rest.views import queue_view, stats_view
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import (
    ClearedAnswer,
    EngineView,
    HealthAnswer,
    NotReadyAnswer,
    Problem,
    QueueAnswer,
    ReadyAnswer,
    StatsAnswer,
    StatusAnswer,
)
from notifyd.wire.rest.openapi import openapi_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.services import RestServices
    from notifyd.service.daemon import EngineState
    from notifyd.store.ports import QueueStats

_STATUS: dict[str, Literal["ok", "degraded", "starting", "draining"]] = {
    "ready": "ok",
    "degraded": "degraded",
    "starting": "starting",
    "draining": "draining",
}
_Status = Literal["ready", "degraded", "starting", "draining", "unavailable"]
_NO_STORE = ((b"Cache-Control", b"no-store"),)


class OperatingEndpoints:
    """The calls that look after the daemon."""

    def __init__(self, services: RestServices) -> None:
        self._services = services

    async def health(self, call: Call) -> Answer:
        """How the daemon is; the status code is for `ready` to tell."""
        daemon = self._services.daemon
        answer = HealthAnswer(
            status=_STATUS[daemon.state],
            uptime=round(self._services.stats.uptime_seconds, 3),
            version=daemon.about.version,
            timestamp=iso_ms(now_ms()),
            engines=_engines(daemon.engines()),
        )
        return Answer(200, encode(answer), headers=_NO_STORE)

    async def live(self, call: Call) -> Answer:
        """It runs, or it would not answer."""
        return Answer(200, encode(StatusAnswer("live")), headers=_NO_STORE)

    async def ready(self, call: Call) -> Answer:
        """Whether notifications are taken."""
        readiness = self._services.daemon.readiness()
        status = cast("_Status", readiness.status)
        draining = self._services.daemon.draining
        since, engines = iso_ms(readiness.since), _engines(readiness.engines)
        if readiness.ready:
            return Answer(200, encode(ReadyAnswer(status, draining, since, engines)), headers=_NO_STORE)
        refusal = Unavailable(f"the daemon is {status}", code="not_ready", retry_after_seconds=1)
        problem = Problem(refusal.code, refusal.message, call.request_id)
        answer = NotReadyAnswer(status, draining, since, engines, error=problem)
        return Answer(503, encode(answer), headers=(*_NO_STORE, (b"Retry-After", b"1")))

    async def stats(self, call: Call) -> Answer:
        """The figures."""
        return Answer(200, encode(StatsAnswer(stats=stats_view(await self._services.stats.fresh()))), headers=_NO_STORE)

    async def metrics(self, call: Call) -> Answer:
        """The figures for Prometheus."""
        return await metrics(call, self._services.exposition, self._services.siblings)

    async def queue(self, call: Call) -> Answer:
        """The queue."""
        return _queue(await self._services.queue.figures())

    async def pause(self, call: Call) -> Answer:
        """Stop dispatching."""
        return _queue(await self._services.queue.pause())

    async def resume(self, call: Call) -> Answer:
        """Dispatch again."""
        return _queue(await self._services.queue.resume())

    async def clear(self, call: Call) -> Answer:
        """Remove all that wait."""
        return Answer(200, encode(ClearedAnswer(cleared=await self._services.queue.clear())))

    async def openapi(self, call: Call) -> Answer:
        """The OpenAPI document."""
        body, etag = _document(self._services.daemon.about.version)
        return conditional(call, body, b"application/json", etag)


def _engines(states: Sequence[EngineState]) -> list[EngineView]:
    # what is wrong in detail is for operators: anybody may ask for this
    return [EngineView(state.name, state.healthy, iso_ms(state.since)) for state in states]


def _queue(stats: QueueStats) -> Answer:
    return Answer(200, encode(QueueAnswer(queue=queue_view(stats))), headers=_NO_STORE)


@lru_cache(maxsize=1)
def _document(version: str) -> tuple[bytes, bytes]:
    body = encode(openapi_document(version))
    return body, b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()
