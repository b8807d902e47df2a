from __future__ import annotations

from notifyd.model.client import Client
from notifyd.model.ids import ClientId


def test_the_secret_before_is_told_of_while_it_is_good() -> None:
    client = Client(ClientId("c"), "shop", "sealed", 1000)
    assert client.overlaps_until(0) is None
    rotated = Client(ClientId("c"), "shop", "sealed", 1000, previous_until=2000)
    assert [rotated.overlaps_until(now) for now in (1999, 2000)] == [2000, None]
