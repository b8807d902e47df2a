from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.policy.pushing.content import MAX_PAYLOAD_BYTES, MAX_TTL_SECONDS, PushContent, content_of, wants_push

NOW = 1_800_000_000_000
IDS = {"notificationId": "parent", "clientId": "shop"}


def push(data: object, *, priority: int = 5, ttl_ms: int = 60_000) -> Notification:
    return Notification(
        id=NotificationId("push"), client_id=ClientId("shop"), kind=Kind.PUSH, channel="", metadata=b"",
        data=json.dumps(data).encode(), priority=priority, accepted_at=NOW, due_at=NOW, expires_at=NOW + ttl_ms,
        order_key=0, users=(UserId("ann"),), parent=NotificationId("parent"),
    )  # fmt: skip


def content(data: object, **fields: Any) -> PushContent:
    return content_of(push(data, **fields), now=NOW)


def size(content: PushContent) -> int:
    shown = {"title": content.title, "body": content.body, "image": content.image_url}
    return len(msgspec.json.encode([shown, content.data]))


def test_the_documented_fields_have_their_places() -> None:
    payload = {
        "title": "T", "body": "B", "imageUrl": "https://x/i.png", "actionUrl": "https://x/a", "data": {"k": "v"},
    }  # fmt: skip
    assert content(payload) == PushContent(
        notification_id="parent", title="T", body="B", image_url="https://x/i.png", link="https://x/a",
        data={"actionUrl": "https://x/a", "k": "v"} | IDS, high=False, ttl_seconds=60, expires_at=1_800_000_060,
    )  # fmt: skip


def test_all_that_is_carried_is_strings() -> None:
    data = {"number": 5, "yes": True, "list": [1, "ü"], "none": None, "text": "ü"}
    assert content({"title": "T", "data": data}).data == IDS | {
        "number": "5", "yes": "true", "list": '[1, "\\u00fc"]', "none": "", "text": "ü",
    }  # fmt: skip


def test_a_number_that_no_float_holds_is_carried_as_it_was_written() -> None:
    large = msgspec.structs.replace(push({}), data=b'{"title":1e999,"data":{"n":1.0e999}}')
    made = content_of(large, now=NOW)
    assert (made.title, made.data["n"]) == ("1e999", "1.0e999")


def test_other_fields_of_the_payload_are_carried_too() -> None:
    assert content({"title": "T", "orderId": 7, "data": {"k": "v"}}).data == IDS | {"orderId": "7", "k": "v"}


@pytest.mark.parametrize(("data", "carried"), [("hello", "hello"), ([1], "[1]"), (3, "3")])
def test_what_is_no_object_is_carried_as_data(data: object, carried: str) -> None:
    assert content(data).data == IDS | {"data": carried}
    assert content({"title": "T", "data": data}).data == IDS | {"data": carried}


def test_without_title_and_body_nothing_is_shown() -> None:
    silent = content({"imageUrl": "https://x/i.png", "data": {"k": "v"}})
    assert not silent.shown
    assert silent.data == IDS | {"imageUrl": "https://x/i.png", "k": "v"}
    assert content({"body": "B"}).shown


def test_the_ids_are_ours() -> None:
    assert content({"data": {"notificationId": "forged", "clientId": "forged"}}).data == IDS


@pytest.mark.parametrize("name", ["from", "message_type", "google.x", "gcm", "gcm.notification.x", ""])
def test_names_that_fcm_keeps_for_itself_are_changed(name: str) -> None:
    assert content({"data": {name: "v"}}).data == IDS | {f"_{name}": "v"}


@pytest.mark.parametrize("url", ["http://x/a", "javascript:alert(1)", "", 5, None])
def test_only_https_is_followed_on_a_click(url: object) -> None:
    assert content({"title": "T", "actionUrl": url}).link == ""


@pytest.mark.parametrize(("url", "shown"), [("http://x/i", "http://x/i"), ("file:///x", ""), (["https://x"], "")])
def test_only_pictures_on_the_web_are_shown(url: object, shown: str) -> None:
    assert content({"title": "T", "imageUrl": url}).image_url == shown


@pytest.mark.parametrize(("priority", "high"), [(1, False), (7, False), (8, True), (10, True)])
def test_urgent_ones_wake_the_phone(priority: int, high: bool) -> None:
    assert content({"title": "T"}, priority=priority).high is high


def test_it_lives_as_long_as_the_notification_within_fcms_bound() -> None:
    assert content({}, ttl_ms=90_999).ttl_seconds == 90
    assert content({}, ttl_ms=-5).ttl_seconds == 0
    assert content({}, ttl_ms=10**12).ttl_seconds == MAX_TTL_SECONDS


def test_what_just_fits_is_whole() -> None:
    room = MAX_PAYLOAD_BYTES - size(content({"title": "T", "data": {"k": ""}}))
    assert content({"title": "T", "data": {"k": "x" * room}}).data["k"] == "x" * room
    assert "k" not in content({"title": "T", "data": {"k": "x" * (room + 1)}}).data


def test_over_the_limit_the_data_goes_and_says_so() -> None:
    large = content({"title": "T", "body": "B", "actionUrl": "https://x/a", "data": {"k": "x" * 5000}})
    assert (large.title, large.body, large.link) == ("T", "B", "https://x/a")
    assert large.data == IDS | {"truncated": "true"}


def test_then_the_picture_goes_and_then_the_end_of_the_text() -> None:
    pictured = content({"title": "T", "body": "b" * 3900, "imageUrl": "https://x/" + "i" * 500})
    assert (pictured.image_url, pictured.body) == ("", "b" * 3900)
    wordy = content({"title": "T", "body": "b" * 5000})
    assert wordy.title == "T"
    assert wordy.body.endswith("bb…")
    assert MAX_PAYLOAD_BYTES - 4 <= size(wordy) <= MAX_PAYLOAD_BYTES


texts = st.text(max_size=40).map(lambda text: text * 150)


@given(texts, texts, texts, st.dictionaries(st.text(max_size=9), texts, max_size=3))
def test_nothing_is_over_the_limit(title: str, body: str, image: str, data: dict[str, str]) -> None:
    payload = {"title": title, "body": body, "imageUrl": f"https://x/{image}", "data": data}
    made = content(json.loads(json.dumps(payload)))
    assert size(made) <= MAX_PAYLOAD_BYTES
    assert made.shown is bool(title or body)


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [(b"", True), (b"{}", True), (b'{"push":true}', True), (b'{"push":0}', True), (b'{"push":false}', False),
     (b'{"a":{"push":false}}', True), (b'{"a":1, "push" : false}', False)],
)  # fmt: skip
def test_push_false_in_the_metadata_is_obeyed(metadata: bytes, wanted: bool) -> None:
    assert wants_push(metadata) is wanted
