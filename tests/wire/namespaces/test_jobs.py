"""What users hand in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Denied, Invalid
from notifyd.model.ids import ClientId
from notifyd.model.notification import Kind
from notifyd.wire.namespaces.jobs import job_command

if TYPE_CHECKING:
    from notifyd.model.command import Publish

SHOP = ClientId("shop")


def job(**fields: Any) -> Publish:
    return job_command({"payload": {"a": 1}, **fields}, SHOP)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.BROADCAST),
        ({"sockets": [], "users": []}, Kind.BROADCAST),
        ({"sockets": None, "users": None}, Kind.BROADCAST),
        ({"sockets": ["s"]}, Kind.CONNECTIONS),
        ({"users": ["u"]}, Kind.USERS),
        ({"users": ["u"], "sockets": ["s"]}, Kind.USERS),
    ],
)
def test_whom_it_is_for(fields: dict[str, Any], kind: Kind) -> None:
    command = job(**fields)
    assert (command.kind, command.users, command.connections) == (
        kind,
        tuple(fields.get("users") or ()),
        tuple(fields.get("sockets") or ()),
    )


def test_payload_and_data_are_one_value_under_two_names() -> None:
    assert job().data == b'{"a":1}'
    assert job_command({"data": None}, SHOP).data == b"null"
    assert job_command({"data": {"a": 1}, "payload": {"a": 1}}, SHOP).data == b'{"a":1}'


def test_users_may_be_numbers() -> None:
    assert job(users=[7, "7"]).users == ("7", "7")


def test_everything_else_of_a_notification_may_be_said() -> None:
    command = job(
        priority=9,
        ttl=5,
        delay=6,
        metadata={"m": 1},
        channel="label",
        idempotencyKey="k",
        clientId="shop",
        unknown="is ignored",
    )
    assert (command.priority, command.ttl_ms, command.delay_ms) == (9, 5, 6)
    assert (command.metadata, command.channel, command.idempotency_key) == (b'{"m":1}', "label", "k")


@pytest.mark.parametrize("instant", [86_400_000, "1970-01-02T00:00:00Z", "1970-01-02T01:00:00+01:00"])
def test_instants_come_as_texts_or_milliseconds(instant: object) -> None:
    command = job(expiresAt=instant, deliverAt=instant)
    assert (command.expires_at, command.deliver_at) == (86_400_000, 86_400_000)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "invalid_message"),
        ("text", "invalid_message"),
        ([], "invalid_message"),
        ({}, "invalid_message"),
        ({"payload": 1, "data": 2}, "invalid_message"),
        ({"payload": 1, "users": [None]}, "invalid_message"),
        ({"payload": 1, "users": {"a": 1}}, "invalid_message"),
        ({"payload": 1, "sockets": [5]}, "invalid_message"),
        ({"payload": 1, "priority": "high"}, "invalid_message"),
        ({"payload": 1, "expiresAt": "1970-01-02T00:00:00"}, "invalid_message"),
        ({"payload": 1, "metadata": [1]}, "invalid_message"),
        ({"payload": b"x"}, "binary_payload"),
        ({"payload": {"a": [{"b": b"x"}]}}, "binary_payload"),
        ({"payload": 1, "metadata": {"a": b"x"}}, "binary_payload"),
        ({"payload": "\ud800"}, "invalid_json"),
        ({"payload": {"\ud800": 1}}, "invalid_json"),
    ],
)
def test_what_is_no_job_is_refused(body: object, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        job_command(body, SHOP)
    assert refused.value.code == code


def test_another_client_is_refused() -> None:
    with pytest.raises(Denied, match="another client's"):
        job(clientId="other")


def test_what_is_nested_without_an_end_is_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Invalid, match="cannot be written"):
        job_command({"payload": value}, SHOP)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["payload", "users", "sockets", "ttl"]), inner),
    max_leaves=10,
)


@given(anything)
def test_whatever_comes_is_a_job_or_refused(body: object) -> None:
    with suppress(Invalid):
        assert isinstance(job_command(body, SHOP).data, bytes)


@pytest.mark.parametrize(("sent", "kept"), [("a-1", "a-1"), (7, "7"), (None, ""), ("two words", "")])
def test_the_id_of_the_request_is_kept_where_it_may_stand_in_a_log(sent: object, kept: str) -> None:
    assert job(requestId=sent).request_id == kept
