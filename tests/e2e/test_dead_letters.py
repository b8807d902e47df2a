"""What nobody acks is given up, survives a kill, and is put back: all of it from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import connect

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter
    from tests.e2e.peer import Peer
    from tests.e2e.rest import Rest

#: Two tries, soon after each other.
QUICK = ("subscriptions.ack_seconds=0.1", "delivery.retry_delay_seconds=0.01", "delivery.retry_attempts=2")


async def letters(rest: Rest, count: int = 1) -> list[dict[str, Any]]:
    """The dead letters, once there are so many."""
    while True:
        reply = await rest.call("GET", "/api/dead-letters")
        found: list[dict[str, Any]] = reply.json["deadLetters"]
        if len(found) >= count:
            return found
        await trio.sleep(0.01)


async def durable(peer: Peer, key: str) -> None:
    await peer.authenticate(key)
    answer = await peer.ask("subscribe", channel="orders", ack=True, durable="audit")
    assert answer["type"] == "subscribed", answer


async def gave_up(peer: Peer, rest: Rest, operator: Rest) -> str:
    """The id of a notification that a durable subscriber did not ack."""
    identifier = await rest.accept("orders", {"n": 1})
    deliveries = await peer.notifications(2)
    assert [(each["id"], each.get("attempt", 1)) for each in deliveries] == [(identifier, 1), (identifier, 2)]
    (letter,) = await letters(operator)
    assert (letter["notificationId"], letter["stage"], letter["reason"]) == (identifier, "subscription", "ack_timeout")
    assert (letter["durable"], letter["attempts"]) == ("audit", 2)
    return identifier


async def events(rest: Rest, identifier: str) -> list[str]:
    """What happened to a notification."""
    receipt = (await rest.call("GET", f"/api/notifications/{identifier}")).json["notification"]
    return [event["event"] for event in receipt["timeline"]]


@pytest.mark.slow  # tests/cli/test_real_guarantees.py and tests/contract are the quick rounds
@within(60)
async def test_what_was_given_up_is_dropped_or_survives_a_kill_and_is_put_back(start: Starter) -> None:
    daemon = await start(*QUICK)
    key = await daemon.key()
    daemon.stay()
    async with connect(daemon.ws_url) as peer, daemon.rest(key) as rest, daemon.rest() as operator:
        await durable(peer, key)
        dropped = await gave_up(peer, rest, operator)
        assert (await operator.call("DELETE", "/api/dead-letters?channel=orders")).json["dropped"] == 1
        told = await events(rest, dropped)
        assert [event for event in told if event in ("redelivered", "dead", "dropped")] == [
            "redelivered",
            "dead",
            "dropped",
        ]
        identifier = await gave_up(peer, rest, operator)
        await rest.accept("other", 0)  # once this is on the disk, so is what came before it
        await daemon.kill()
    await daemon.start()
    async with connect(daemon.ws_url) as peer, daemon.rest(key) as rest, daemon.rest() as operator:
        (letter,) = await letters(operator)
        shown = (await operator.call("GET", f"/api/dead-letters/{letter['id']}")).json["deadLetter"]
        assert (shown["notificationId"], shown["data"]) == (identifier, {"n": 1})
        exported = await operator.call("GET", "/api/dead-letters/export")
        assert [msgspec.json.decode(line)["id"] for line in exported.body.splitlines()] == [letter["id"]]
        (subscription,) = (await operator.call("GET", "/api/durable-subscriptions")).json["subscriptions"]
        assert (subscription["name"], subscription["pending"], subscription["connections"]) == ("audit", 0, 0)
        await durable(peer, key)
        retried = await operator.call("POST", "/api/dead-letters/retry", {"filter": {"reason": "ack_timeout"}})
        assert retried.json["retried"] == 1, retried.json
        assert (await peer.notification())["id"] == identifier
        assert (await peer.ask("ack", id=identifier))["acked"] == 1
        waited = await rest.call("GET", f"/api/notifications/{identifier}?wait=acked&timeout=20")
        assert waited.json["wait"]["verdict"] == "done"
        told = [event["event"] for event in waited.json["notification"]["timeline"]]
        assert told.index("accepted") < told.index("requeued") < told.index("acked")
        metrics = (await operator.call("GET", "/metrics")).body.decode()
        assert "notifyd_dead_letters_requeued_total 1.0" in metrics
        assert "notifyd_dead_letters 0.0" in metrics
