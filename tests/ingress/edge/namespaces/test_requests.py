"""What a connection may ask for, whatever carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.errors import Conflict, Denied, Invalid, NotAuthenticated, RateLimited
from notifyd.ingress.edge.namespaces.requests import Encoders, Requests, ending, exception, refusal
from notifyd.model.disconnect import KICKED
from notifyd.model.ids import DEFAULT_CLIENT

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.model.publication import Publication
    from tests.service.node import Node


@pytest.fixture
def requests(node: Node, services: NamespaceServices, rules: NamespaceRules) -> Requests:
    return Requests(services, rules, node.user("alice"))


def encode(_publication: Publication) -> bytes:
    return b""


ENCODERS = Encoders(encode, encode)


async def test_what_is_missing_comes_before_it_is_live(node: Node, requests: Requests) -> None:
    await node.published("open.a", count=2)
    epoch = node.broker.history.position(DEFAULT_CLIENT, "open.a").epoch
    done = requests.subscribe({"channel": "open.a", "since": {"epoch": epoch, "offset": 1}}, ENCODERS)
    answer, source = done.answer, done.source
    assert (answer["replayed"], node.hub.subscription_count) == (1, 0)
    assert source is not None
    assert [each.offset for each in source.missing()] == [2]


@pytest.mark.parametrize("since", [None, {"epoch": "lost", "offset": 7}])
async def test_where_nothing_is_missing_it_is_live(node: Node, requests: Requests, since: object) -> None:
    done = requests.subscribe({"channel": "open.a", "since": since}, ENCODERS)
    answer, source = done.answer, done.source
    assert (answer["success"], source, node.hub.subscription_count) == (True, None, 1)


@pytest.mark.parametrize(
    "body", [None, {}, {"channel": 1}, {"channel": "open.a", "since": {"epoch": "e", "offset": -1}}]
)
async def test_what_makes_no_sense_is_refused(node: Node, requests: Requests, body: Any) -> None:
    with pytest.raises(Invalid) as refused:
        requests.subscribe(body, ENCODERS)
    assert (refused.value.code, node.hub.subscription_count) == ("invalid_message", 0)


async def test_who_is_in_a_channel_is_told_to_who_may_subscribe_to_it(node: Node, requests: Requests) -> None:
    requests.subscribe({"channel": "open.a"}, ENCODERS)
    answer = requests.presence({"channel": "open.a"})
    (member,) = answer["members"]
    assert (answer["success"], answer["memberCount"], answer["subscriberCount"], member["userId"]) == (
        True,
        1,
        1,
        "alice",
    )
    with pytest.raises(Denied):
        requests.presence({"channel": "closed"})


async def test_publishing_is_limited_and_what_is_refused_is_counted(
    node: Node, requests: Requests, rules: NamespaceRules
) -> None:
    rules.publishes_per_minute = 1
    await requests.publish({"payload": 1})
    with pytest.raises(RateLimited):
        await requests.publish({"payload": 1})
    assert (node.counters.accepted, node.counters.rejected, node.counters.rate_limited) == (1, 1, 1)
    rules.publishes_per_minute = 2
    await requests.publish({"payload": 1})


async def test_publishing_may_be_switched_off(requests: Requests, rules: NamespaceRules) -> None:
    rules.users_may_publish = False
    with pytest.raises(Denied) as refused:
        await requests.publish({"payload": 1})
    assert refused.value.code == "publishing_forbidden"


async def test_another_token_goes_on_for_the_same_user_alone(node: Node, requests: Requests) -> None:
    assert requests.authenticate({"token": node.token("alice")})["userId"] == "alice"
    with pytest.raises(Conflict):
        requests.authenticate({"token": node.token("bob")})
    with pytest.raises(NotAuthenticated):
        requests.authenticate({"token": "x"})


def test_refusals_say_when_to_come_back() -> None:
    problem = RateLimited("slow down", retry_after_seconds=1.23456)
    error = {"code": "rate_limited", "message": "slow down", "retryAfter": 1.235}
    assert refusal(problem) == {"success": False, "error": error}
    assert exception(problem) == {"status": "error", **error}


def test_the_last_word_tells_whether_to_come_back() -> None:
    told = ending(KICKED)
    assert (told["code"], told["reconnect"], told["message"]) == (4005, False, KICKED.reason)
