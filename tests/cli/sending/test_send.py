"""notifyctl send: one notification."""

from pathlib import Path

import pytest

from notifyd.v1 import types_pb2
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _accepting(admin: Admin):
    accepted = types_pb2.PublishResponse(notification_id="n_1", status="accepted", durability="fsync")
    admin.answers("Publish", accepted)


def sent(admin: Admin) -> types_pb2.PublishRequest:
    return admin.requests[-1]


def test_a_message_becomes_a_body(ctl: Ctl, admin: Admin):
    assert ctl("send", "--channel", "c", "hello", "-q").out == "n_1\n"
    assert sent(admin).target.channel == "c"
    assert sent(admin).data_json == '{"body": "hello"}'


def test_a_title_stands_beside_it(ctl: Ctl, admin: Admin):
    ctl("send", "--channel", "c", "--title", "T", "grüße")
    assert sent(admin).data_json == '{"title": "T", "body": "grüße"}'


@pytest.mark.parametrize("args", [["-"], []])
def test_stdin_is_the_message(ctl: Ctl, admin: Admin, args: list[str]):
    ctl("send", "--channel", "c", *args, stdin=b"two\nlines\n")
    assert sent(admin).data_json == '{"body": "two\\nlines"}'


def test_an_empty_stdin_is_nothing_to_send(ctl: Ctl):
    assert ctl("send", "--channel", "c").status == 2


def test_stdin_must_be_utf8(ctl: Ctl):
    assert ctl("send", "--channel", "c", stdin=b"\xff").status == 2


@pytest.mark.parametrize("value", ['{"a": [1, 2.50]}', "17", '"text"', "null", "[]"])
def test_data_is_any_json_value_as_it_stands(ctl: Ctl, admin: Admin, value: str):
    ctl("send", "--channel", "c", "--data", value)
    assert sent(admin).data_json == value


def test_data_from_a_file(ctl: Ctl, admin: Admin, tmp_path: Path):
    (tmp_path / "d.json").write_text('{"a":1}')
    ctl("send", "--channel", "c", "--data", f"@{tmp_path}/d.json")
    assert sent(admin).data_json == '{"a":1}'


def test_data_from_stdin(ctl: Ctl, admin: Admin):
    ctl("send", "--channel", "c", "--data", "@-", stdin=b"[1]")
    assert sent(admin).data_json == "[1]"


@pytest.mark.parametrize("value", ["{", "NaN", "@/nowhere", "[" * 100_000])
def test_what_is_no_json(ctl: Ctl, value: str):
    assert ctl("send", "--channel", "c", "--data", value).status == 2


def test_metadata_is_an_object(ctl: Ctl, admin: Admin):
    ctl("send", "--channel", "c", "--metadata", '{"trace":"x"}', "hello")
    assert sent(admin).metadata_json == '{"trace":"x"}'
    assert ctl("send", "--channel", "c", "--metadata", "[]", "hello").status == 2


def test_a_broadcast_with_its_label(ctl: Ctl, admin: Admin):
    ctl("send", "--broadcast", "--label", "news", "hello")
    assert sent(admin).target.WhichOneof("to") == "broadcast"
    assert sent(admin).target.broadcast == "news"


def test_a_broadcast_without_a_label(ctl: Ctl, admin: Admin):
    ctl("send", "--broadcast", "hello")
    assert sent(admin).target.WhichOneof("to") == "broadcast"


def test_users_each_once(ctl: Ctl, admin: Admin):
    ctl("send", "--user", "alice", "--user", "bob", "--user", "alice", "--client", "c_shop", "hello")
    assert sent(admin).target.WhichOneof("to") == "users"
    assert list(sent(admin).target.users.user_ids) == ["alice", "bob"]
    assert sent(admin).client_id == "c_shop"


def test_what_is_not_given_is_not_set(ctl: Ctl, admin: Admin):
    ctl("send", "--channel", "c", "hello")
    assert [field.name for field, _ in sent(admin).ListFields()] == ["target", "data_json"]


def test_everything_else(ctl: Ctl, admin: Admin):
    ctl(
        "send", "--channel", "c", "-p", "9", "--ttl", "5m", "--delay", "250ms", "--idempotency-key", "k",
        "--client", "acme", "hello",
    )  # fmt: skip
    request = sent(admin)
    assert (request.priority, request.ttl_ms, request.delay_ms) == (9, 300_000, 250)
    assert (request.idempotency_key, request.client_id) == ("k", "acme")


def test_at_an_instant(ctl: Ctl, admin: Admin):
    ctl("send", "--channel", "c", "--at", "2026-01-30T12:00:00Z", "hello")
    assert sent(admin).deliver_at.ToJsonString() == "2026-01-30T12:00:00Z"
