from __future__ import annotations

from notifyd.dispatch.resting import RestingStreams
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.store.ports import Lease
from tests.store.samples import T0, for_users, notification

ORDERS = (DEFAULT_CLIENT, "orders")


def leases(*channels: str) -> list[Lease]:
    return [Lease(notification(channel), 0, 1) for channel in channels]


def rest(streams: RestingStreams, *keys: tuple[ClientId, str], now: int = T0) -> int:
    return streams.failed(keys, now=now, first_ms=50)


def test_where_nothing_rests_all_go() -> None:
    batch = leases("orders", "news")
    assert RestingStreams().split(batch, leased_at=T0) == (batch, {})


def test_all_of_a_stream_rests_and_no_other() -> None:
    streams = RestingStreams()
    assert rest(streams, ORDERS) == 1
    orders, news, more = batch = leases("orders", "news", "orders")
    assert streams.split(batch, leased_at=T0 + 49) == ([news], {T0 + 50: [orders, more]})
    assert streams.split(batch, leased_at=T0 + 50) == (batch, {})


def test_the_same_channel_of_another_client_does_not_rest() -> None:
    streams = RestingStreams()
    rest(streams, (ClientId("other"), "orders"))
    batch = leases("orders")
    assert streams.split(batch, leased_at=T0).going == batch


def test_what_is_for_users_rests_with_the_clients_own_stream() -> None:
    streams = RestingStreams()
    rest(streams, (DEFAULT_CLIENT, ""))
    batch = [Lease(for_users("anna"), 0, 1)]
    assert streams.split(batch, leased_at=T0) == ([], {T0 + 50: batch})


def test_the_rest_doubles_up_to_the_longest_and_is_forgotten_when_it_worked() -> None:
    streams = RestingStreams()
    batch = leases("orders")
    lasted = []
    for _ in range(40):
        rest(streams, ORDERS)
        (until,) = streams.split(batch, leased_at=T0).resting
        lasted.append(until - T0)
    assert lasted[:7] == [50, 100, 200, 400, 800, 1000, 1000]
    assert lasted[-1] == 1000
    streams.worked(batch)
    assert (len(streams), rest(streams, ORDERS)) == (0, 1)
    assert list(streams.split(batch, leased_at=T0).resting) == [T0 + 50]


def test_no_rest_is_so_short_that_it_is_none() -> None:
    streams = RestingStreams()
    streams.failed([ORDERS], now=T0, first_ms=0)
    assert streams.split(leases("orders"), leased_at=T0).going == []


def test_those_are_counted_that_were_away_a_moment_ago() -> None:
    streams = RestingStreams()
    rest(streams, ORDERS)
    rest(streams, (DEFAULT_CLIENT, "news"), now=T0 + 4000)
    assert [streams.away(now=T0 + after) for after in (4000, 6000, 60_000)] == [2, 1, 0]
    streams.worked(leases("news"))
    assert streams.away(now=T0 + 4000) == 1


def test_a_clock_that_is_set_back_ends_the_rest() -> None:
    streams = RestingStreams()
    rest(streams, ORDERS, now=T0 + 3_600_000)
    batch = leases("orders")
    assert streams.split(batch, leased_at=T0).going == batch


def test_no_more_are_known_than_a_bound() -> None:
    streams = RestingStreams()
    for number in range(12_000):
        rest(streams, (DEFAULT_CLIENT, f"c{number}"), now=T0 + number)
    assert 0 < len(streams) <= 10_000
