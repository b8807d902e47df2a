"""Waiting for a notification over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.model.ids import NotificationId
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import publish
from tests.ingress.rpc.node import end_of

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync


def wait(house: House, notification_id: str, until: str, **options: Any) -> Any:
    return house.stub.WaitNotification(
        pb.WaitNotificationRequest(id=notification_id, until=until, **options), timeout=20
    )


async def test_what_was_dispatched_is_told_at_once(house: House) -> None:
    accepted = await publish(house, "news", "1")
    events = await in_thread(list, wait(house, accepted.notification_id, "dispatched"))
    assert (events[-1].verdict, events[-1].receipt.state) == ("done", "dispatched")
    assert {event.verdict for event in events[:-1]} <= {""}


async def test_acks_are_told_as_they_come(house: House) -> None:
    accepted = await publish(house, "news", "1", delay_ms=300)
    stream = wait(house, accepted.notification_id, "acked", acks=2)
    first = await in_thread(next, stream)
    assert (first.receipt.state, first.acked, first.wanted, first.verdict) == ("waiting", 0, 2, "")
    assert (await in_thread(next, stream)).receipt.state == "dispatched"
    for receiver in ("a", "b"):
        event = TimelineEvent(now_ms(), Happening.ACKED, receiver=receiver)
        house.node.broker.receipts.note(NotificationId(accepted.notification_id), event, acked=1)
    rest = await in_thread(list, stream)
    assert (rest[-1].verdict, rest[-1].acked, rest[-1].receipt.acked) == ("done", 2, 2)
    assert [event.event for event in rest[-1].receipt.timeline][-2:] == ["acked", "acked"]


async def test_nobody_acks_in_time(house: House) -> None:
    accepted = await publish(house, "news", "1")
    events = await in_thread(list, wait(house, accepted.notification_id, "acked", timeout_seconds=0.1))
    assert events[-1].verdict == "timed_out"


async def test_what_is_withdrawn_fails(house: House) -> None:
    accepted = await publish(house, "news", "1", delay_ms=60_000)
    stream = wait(house, accepted.notification_id, "acked")
    await in_thread(next, stream)
    await house.ask("CancelNotification", pb.CancelNotificationRequest(id=accepted.notification_id))
    assert (await in_thread(list, stream))[-1].verdict == "failed"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"until": "acked"}, "notification_not_found"),
        ({"until": ""}, "invalid_request"),
        ({"until": "delivered"}, "invalid_request"),
        ({"until": "acked", "acks": 0}, "invalid_request"),
        ({"until": "dispatched", "acks": 1}, "invalid_request"),
        ({"until": "acked", "timeout_seconds": -1}, "invalid_request"),
        ({"until": "acked", "timeout_seconds": float("nan")}, "invalid_request"),
        ({"until": "acked", "timeout_seconds": 1e9}, "invalid_request"),
    ],
)
async def test_what_cannot_be_waited_for(house: House, options: dict[str, Any], code: str) -> None:
    assert (await end_of(wait(house, "nothing", **options))).code == code
