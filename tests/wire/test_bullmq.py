"""Data of BullMQ's jobs."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid, NotifydError, QueueFull, TooLarge
from notifyd.model.ids import NotificationId
from notifyd.model.notification import Kind
from notifyd.wire.bullmq import JobIdentity, idempotency_key, job_publish, reason, receipt

if TYPE_CHECKING:
    from notifyd.model.command import Publish

ONE = JobIdentity("bull:notifications", "1", 1_700_000_000_000)


def parsed(text: str) -> Publish:
    return job_publish(text, ONE, max_bytes=2000)[1]


def job(**fields: Any) -> Publish:
    return parsed(json.dumps({"clientId": "shop", "payload": {"a": 1}, **fields}))


@pytest.mark.parametrize(
    ("fields", "kind", "channel"),
    [
        ({}, Kind.BROADCAST, ""),
        ({"users": [], "sockets": [], "channel": ""}, Kind.BROADCAST, ""),
        ({"users": None, "sockets": None, "channel": None}, Kind.BROADCAST, ""),
        ({"channel": "orders", "users": []}, Kind.CHANNEL, "orders"),
        ({"users": ["u", 7]}, Kind.USERS, ""),
        ({"users": ["u"], "sockets": ["s"]}, Kind.USERS, ""),
        ({"sockets": ["s"]}, Kind.CONNECTIONS, ""),
    ],
)
def test_whom_it_is_for(fields: dict[str, Any], kind: Kind, channel: str) -> None:
    command = job(**fields)
    assert (command.kind, command.channel) == (kind, channel)
    assert command.users == tuple(map(str, fields.get("users") or ()))
    assert command.connections == tuple(fields.get("sockets") or ())


def test_the_client_is_named() -> None:
    assert job_publish('{"clientId":"shop","data":1}', ONE, max_bytes=100)[0] == "shop"


def test_payload_and_data_are_one_value_carried_as_it_is() -> None:
    assert parsed('{"clientId":"c","payload":{"n":  1.50}}').data == b'{"n":  1.50}'
    assert parsed('{"clientId":"c","data":null}').data == b"null"
    assert parsed('{"clientId":"c","data":[1],"payload":[ 1 ]}').data == b"[ 1 ]"


def test_everything_else_of_a_notification_may_be_said() -> None:
    command = job(priority=9, ttl=5, delay=7, metadata={"m": 1}, idempotencyKey="k", title="theirs")
    assert (command.priority, command.ttl_ms, command.delay_ms, command.idempotency_key) == (9, 5, 7, "k")
    assert command.metadata == b'{"m": 1}'
    command = job(expiresAt="2026-01-01T00:00:00Z", deliverAt=1_767_225_600_000)
    assert command.expires_at == command.deliver_at == 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "the job's data: Expected `object`, got `array`"),
        ("{", "the job's data are no JSON object"),
        ("", "the job's data are no JSON object"),
        ('{"payload":1}', "clientId is missing"),
        ('{"clientId":"","payload":1}', "clientId is missing"),
        ('{"clientId":"c"}', "payload (or data) is missing"),
        ('{"clientId":"c","payload":1,"data":2}', "payload and data are one value"),
        (
            '{"clientId":"c","payload":1,"users":"u"}',
            "the job's data: Expected `array | null`, got `str` - at `$.users`",
        ),
        ('{"clientId":"c","payload":1,"users":["u"],"channel":"x"}', "name users and sockets, or a channel, not both"),
        ('{"clientId":"c","payload":1,"sockets":["s"],"channel":"x"}', "name users and sockets, or a channel"),
        ('{"clientId":"c","payload":1,"expiresAt":"2026-01-01T00:00:00"}', "expiresAt and deliverAt need a time zone"),
        ('{"clientId":"c","payload":"\ud800"}', "the job's data are no JSON object"),
        ('{"clientId":"c","payload":1,"data":' + "[" * 900 + "]" * 900 + "}", "payload and data are one value"),
    ],
)
def test_what_is_no_job(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(text)
    assert refused.value.message.startswith(sentence)


def test_too_large() -> None:
    with pytest.raises(TooLarge, match="the job's data have 2003 bytes, at most 2000 are allowed"):
        parsed('"' + "é" * 1000 + 'x"')


@given(st.text(max_size=200) | st.builds(json.dumps, st.dictionaries(st.text(), st.integers() | st.text())))
def test_whatever_stands_there_is_a_job_or_a_sentence(text: str) -> None:
    with suppress(NotifydError):
        parsed(text)


def test_a_job_that_runs_again_is_the_same_and_another_of_its_id_is_not() -> None:
    again = JobIdentity("bull:notifications", "1", 1_700_000_000_000)
    assert job().idempotency_key == idempotency_key(again)
    others = [
        JobIdentity("bull:notifications", "1", 1_700_000_000_001),
        JobIdentity("bull:notifications", "2", 1_700_000_000_000),
        JobIdentity("bull:others", "1", 1_700_000_000_000),
        JobIdentity("bull:notifications", "\u2603" * 1000, 1_700_000_000_000),
    ]
    assert len({idempotency_key(ONE), *map(idempotency_key, others)}) == 5
    assert all(len(idempotency_key(other)) < 255 for other in others)


def test_answers() -> None:
    assert receipt(NotificationId("n1"), "redis") == {
        "success": True,
        "notificationId": "n1",
        "status": "accepted",
        "durability": "redis",
    }
    assert reason(QueueFull("no room")) == "queue_full: no room"


def test_the_request_is_named_by_the_job_unless_its_data_do() -> None:
    assert job().request_id == "bullmq:1"
    assert job(requestId="checkout-8841").request_id == "checkout-8841"
    odd = JobIdentity("bull:notifications", "a b", 0)
    assert job_publish('{"clientId":"shop","data":1}', odd, max_bytes=100)[1].request_id == ""
