from __future__ import annotations

import pytest

from notifyd.errors import Conflict
from notifyd.model.disconnect import OVERTAKEN
from notifyd.model.ids import ClientId, KeyId
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.model.restarted import Restarted


def test_a_connection_is_found_by_id_key_client_and_channel(hub, connect):
    one = connect("1", client="c", key="key_9")
    hub.subscribe(one, "a", offset=0)
    assert hub.connection("1") is one
    assert hub.of_key("key_9") == list(hub.audience("c")) == [one]
    assert list(hub.channel("c", "a").subscribers) == [one]
    assert (hub.connection_count, hub.channel_count, hub.subscription_count) == (1, 1, 1)


def test_removing_a_connection_leaves_nothing_behind(hub, counters, connect):
    one = connect("1")
    hub.subscribe(one, "a", offset=0)
    hub.subscribe(one, "b", offset=0)
    hub.remove(one)
    hub.remove(one)
    assert hub.connection("1") is None
    assert (hub.connection_count, hub.channel_count, hub.subscription_count) == (0, 0, 0)
    assert hub.of_key("key_1") == list(hub.audience("default")) == []
    assert (counters.connections_opened, counters.connections_closed) == (1, 1)


def test_removing_one_whose_id_was_taken_over_leaves_the_one_that_took_it(hub, connect):
    old = connect("a")
    hub.remove(old)
    new = connect("a")
    hub.remove(old)
    assert (hub.connection("a"), hub.connections()) == (new, [new])


def test_who_lacks_some_of_a_channel_is_closed_to_resume(hub, connect):
    one, other = connect("1"), connect("2")
    hub.subscribe(one, "a", offset=7)
    hub.subscribe(other, "b", offset=7)
    hub.restart(Restarted(ClientId("default"), "a"))
    assert not one.ended
    hub.restart(Restarted(ClientId("default"), "a", gap=True))
    assert [each.ended for each in (one, other)] == [True, False]
    assert one.link.endings == [OVERTAKEN]


def test_subscribing_twice_is_one_subscription(hub, connect):
    one = connect("1")
    hub.subscribe(one, "a", offset=0)
    hub.subscribe(one, "a", offset=4)
    assert hub.subscription_count == hub.subscriber_count("default", "a") == 1


def test_unsubscribing_says_whether_there_was_something_to_end(hub, connect):
    one = connect("1")
    hub.subscribe(one, "a", offset=0)
    assert hub.unsubscribe(one, "a")
    assert not hub.unsubscribe(one, "a")


def test_authenticating_again_with_another_key_of_the_client_moves_it(hub, connect):
    one = connect("1", key="key_1")
    hub.authenticate(one, Principal(ClientId("default"), KeyId("key_2"), ALL_GRANTS))
    assert (hub.of_key("key_1"), hub.of_key("key_2")) == ([], [one])


def test_a_connection_cannot_change_its_client(hub, connect):
    one = connect("1")
    with pytest.raises(Conflict, match="already authenticated"):
        hub.authenticate(one, Principal(ClientId("other"), KeyId("key_2"), ALL_GRANTS))
