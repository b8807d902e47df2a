"""Health, figures, metrics, the queue and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from notifyd.clock import ms_of, now_ms
from notifyd.ingress.edge.rest.services import RestOptions
from notifyd.service.daemon import EngineState
from notifyd.wire.rest.bodies import HealthAnswer, QueueAnswer, ReadyAnswer, StatsAnswer
from notifyd.wire.rest.openapi import openapi_document

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Service


async def test_health_is_open(service: Service) -> None:
    reply = await service.call("GET", "/api/health")
    answer = msgspec.json.decode(reply.body, type=HealthAnswer)
    assert (reply.status, answer.status, answer.version) == (200, "ok", "0.0.0")
    assert answer.uptime >= 0
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("attribute", "status"), [("draining", "draining"), ("ready", "starting")])
async def test_health_tells_the_state(service: Service, attribute: str, status: str) -> None:
    setattr(service.services.daemon, attribute, attribute == "draining")
    reply = await service.call("GET", "/api/health")
    assert (reply.status, reply.json["status"]) == (200, status)


async def test_readiness_tells_the_state_of_each_engine(service: Service) -> None:
    reply = await service.call("GET", "/api/health/ready")
    answer = msgspec.json.decode(reply.body, type=ReadyAnswer)
    assert (reply.status, answer.status, answer.draining) == (200, "ready", False)
    assert [(engine.name, engine.healthy) for engine in answer.engines] == [("broker", True), ("records", True)]
    assert all(abs(now_ms() - ms_of(datetime.fromisoformat(each.since))) < 60_000 for each in (answer, *answer.engines))
    assert "detail" not in reply.json["engines"][0]


async def test_while_draining_it_is_not_ready_and_live(service: Service) -> None:
    service.services.daemon.draining = True
    reply = await service.call("GET", "/api/health/ready")
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "not_ready", "1")
    assert (reply.json["success"], reply.json["status"], reply.json["draining"]) == (False, "draining", True)
    assert reply.json["error"]["requestId"] == reply.headers["x-request-id"]
    assert (await service.call("GET", "/api/health/live")).json == {"status": "live"}


async def test_a_broker_that_is_away_makes_it_unavailable(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (await service.call("GET", "/api/health/ready")).json
    monkeypatch.setattr(service.broker, "failing_since", lambda: 1.0)
    assert (await service.call("GET", "/api/health")).json["status"] == "degraded"
    reply = await service.call("GET", "/api/health/ready")
    assert (reply.status, reply.json["status"]) == (503, "unavailable")
    broker, records = reply.json["engines"]
    assert (broker["healthy"], records) == (False, before["engines"][1])
    assert broker["since"] >= before["engines"][0]["since"]


async def test_what_else_is_away_degrades(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    away = EngineState("bullmq", "redis", healthy=False, detail="redis://:secret@host is away")
    monkeypatch.setattr(service.services.daemon, "others", [lambda: away])
    reply = await service.call("GET", "/api/health/ready")
    assert (reply.status, reply.json["status"], reply.json["engines"][-1]["healthy"]) == (200, "degraded", False)
    assert b"secret" not in reply.body


@pytest.mark.parametrize("path", ["/api/health", "/api/health/live", "/api/health/ready"])
async def test_health_can_be_asked_for_without_its_body(service: Service, path: str) -> None:
    reply = await service.call("HEAD", path)
    assert (reply.status, reply.body) == (200, b"")


async def test_health_is_never_limited(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=1, burst=1)
    assert [(await service.call("GET", "/api/health")).status for _ in range(3)] == [200, 200, 200]


async def test_stats_have_the_documented_shape(service: Service) -> None:
    await service.publish(await service.key(), "updates", 1)
    reply = await service.call("GET", "/api/stats", admin=True)
    answer = msgspec.json.decode(reply.body, type=StatsAnswer)
    assert reply.json["success"] is True
    assert answer.stats.counters["accepted"] == 1
    assert "authenticationFailures" in answer.stats.counters
    assert (answer.stats.nodes, answer.stats.missing_nodes) == (1, 0)
    assert {"nodes", "missingNodes"} <= reply.json["stats"].keys()


async def test_queue_figures_and_pause(service: Service) -> None:
    paused = await service.call("POST", "/api/queue/pause", admin=True)
    assert paused.json["queue"]["paused"] is True
    await service.publish(await service.key(), "updates", 1, priority=7)
    queue = msgspec.json.decode(
        (await service.call("GET", "/api/stats/queue", admin=True)).body, type=QueueAnswer
    ).queue
    assert (queue.waiting, queue.by_priority, queue.max_size) == (1, {"7": 1}, 50)
    assert queue.oldest_accepted_at is not None
    resumed = await service.call("POST", "/api/queue/resume", admin=True)
    assert resumed.json["queue"]["paused"] is False


async def test_the_queue_is_cleared(service: Service) -> None:
    await service.services.queue.pause()
    key = await service.key()
    for number in range(3):
        await service.publish(key, "updates", number)
    reply = await service.call("DELETE", "/api/queue", admin=True)
    assert (reply.status, reply.json) == (200, {"success": True, "cleared": 3})


async def test_metrics_are_prometheus_text(service: Service) -> None:
    reply = await service.call("GET", "/metrics", admin=True)
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"notifyd_http_requests_total 0.0" in reply.body
    await service.call("BREW", "/nowhere/at/all")
    again = (await service.call("GET", "/metrics", admin=True)).body.decode()
    assert 'notifyd_http_request_seconds_count{method="GET",route="/metrics",status="2xx"} 1.0' in again
    assert 'notifyd_http_request_seconds_count{method="other",route="(unknown)",status="4xx"} 1.0' in again


async def test_metrics_come_as_open_metrics_where_that_is_asked_for(service: Service) -> None:
    asked = {"Accept": "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"}
    reply = await service.call("GET", "/metrics", admin=True, headers=asked)
    assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert reply.body.endswith(b"# EOF\n")


async def test_metrics_need_the_token_unless_opened(start: StartService) -> None:
    closed = await start()
    opened = await start(RestOptions(metrics_open=True))
    assert (await closed.call("GET", "/metrics")).status == 401
    assert (await opened.call("GET", "/metrics")).status == 200


async def test_the_document_is_served(service: Service) -> None:
    assert (await service.call("GET", "/api/openapi.json")).json == openapi_document("0.0.0")
