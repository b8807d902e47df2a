"""What the counters of notifications count, over the REST interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATHS = ("/api/notifications", "/api/notifications/broadcast", "/api/notifications/batch")
GOOD: dict[str, Any] = {"channel": "c", "data": 1}


def counts(service: Service) -> tuple[int, int]:
    return service.services.counters.accepted, service.services.counters.rejected


async def test_what_is_accepted_counts_once(service: Service) -> None:
    key = await service.key()
    for _ in range(2):
        await service.call("POST", PATHS[0], GOOD, key=key, headers={"Idempotency-Key": "k"})
    await service.call("POST", PATHS[2], {"notifications": [GOOD] * 3}, key=key)
    assert counts(service) == (4, 0)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("refused", "status"),
    [
        ({"body": b"{"}, 400),
        ({"body": b"[]"}, 400),
        ({"body": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"body": b"{}", "key": "wrong"}, 401),
        ({"body": b" " * 300_001}, 413),
    ],
)
async def test_what_is_refused_before_it_is_submitted_counts(
    service: Service, path: str, refused: dict[str, Any], status: int
) -> None:
    key = await service.key()
    assert (await service.call("POST", path, **{"key": key, **refused})).status == status
    assert counts(service) == (0, 1)


async def test_what_the_service_refuses_counts_once(service: Service) -> None:
    assert (await service.call("POST", PATHS[0], GOOD, key=await service.key("subscribe:*"))).status == 403
    assert counts(service) == (0, 1)


async def test_over_the_rate_limit_counts(service: Service) -> None:
    key = await service.key()
    service.services.limiter.configure(enabled=True, per_minute=1, burst=1)
    statuses = [(await service.call("POST", PATHS[0], GOOD, key=key)).status for _ in range(3)]
    assert (statuses, counts(service)) == ([202, 429, 429], (1, 2))


async def test_other_refusals_are_no_publishes(service: Service) -> None:
    await service.call("GET", PATHS[0], key=await service.key())
    await service.call("GET", "/api/notifications/none", key="wrong")
    assert counts(service) == (0, 0)
