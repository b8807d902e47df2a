from __future__ import annotations

import pytest

from notifyd.errors import NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.service.clients import known_client


def test_the_default_client_always_exists() -> None:
    assert known_client(DEFAULT_CLIENT) == "default"


def test_another_one_does_not() -> None:
    with pytest.raises(NotFound, match="no client 'shop'"):
        known_client(ClientId("shop"))
