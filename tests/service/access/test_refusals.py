from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from notifyd.errors import NotAuthenticated
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.service.access import refusals as module
from notifyd.service.access.refusals import Refusals
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.node import Node

PROBLEM = NotAuthenticated("m", code="invalid_api_key")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock."""
    return lambda now: monkeypatch.setattr(module, "monotonic", lambda: now)


def test_one_line_tells_who_was_refused_and_why(at: Callable[[float], None]) -> None:
    at(0)
    with capture_logs() as logs:
        Refusals(Counters()).note(PROBLEM, address="192.0.2.1", transport="http", client_id="shop")
    assert logs == [
        {
            "event": "credential_refused",
            "log_level": "info",
            "code": "invalid_api_key",
            "client_id": "shop",
            "address": "192.0.2.1",
            "transport": "http",
            "unlogged": 0,
        }
    ]


def test_an_attack_is_counted_and_does_not_fill_the_log(at: Callable[[float], None]) -> None:
    at(0)
    counters = Counters()
    refusals = Refusals(counters)
    with capture_logs() as logs:
        for _ in range(100):
            refusals.note(PROBLEM, address="", transport="http")
        at(1)
        refusals.note(PROBLEM, address="", transport="http")
    assert (len(logs), logs[-1]["unlogged"], counters.authentication_failures) == (6, 95, 101)


async def test_a_key_and_a_token_that_are_not_good_are_noted(node: Node) -> None:
    with capture_logs() as logs:
        for ask in (
            lambda: node.connector.principal("nk_wrong", "192.0.2.1", "websocket"),
            lambda: node.connector.token_principal("x", DEFAULT_CLIENT, address="192.0.2.2", transport="rpc"),
        ):
            with pytest.raises(NotAuthenticated):
                ask()
    told = [(line["code"], line["address"], line["transport"], line["client_id"]) for line in logs]
    assert told == [
        ("invalid_api_key", "192.0.2.1", "websocket", ""),
        ("invalid_token", "192.0.2.2", "rpc", "default"),
    ]
    assert "nk_wrong" not in str(logs)
