"""What goes over the wire, and what comes back, in the words of the library."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import requests
from firebase_admin import exceptions
from google.auth.exceptions import RefreshError

from notifyd.policy.pushing.answers import SendResult
from notifyd.policy.pushing.content import PushMessage
from notifyd.push.firebase import failure_of, message_of
from tests.push.conftest import CONTENT


def wire(**fields: Any) -> dict[str, Any]:
    """A message as the library writes it."""
    message = message_of(PushMessage("a-token", msgspec.structs.replace(CONTENT, **fields)))
    return json.loads(str(message))


def test_all_platforms_are_told_the_same() -> None:
    assert wire() == {
        "token": "a-token",
        "data": {"k": "v"},
        "notification": {"title": "T", "body": "B", "image": "https://x/i.png"},
        "android": {"priority": "high", "ttl": "60s", "notification": {"tag": "n1"}},
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-expiration": "1900000000",
                "apns-push-type": "alert",
                "apns-collapse-id": "n1",
            },
            "payload": {"aps": {"mutable-content": 1}},
        },
        "webpush": {
            "headers": {"TTL": "60", "Urgency": "high"},
            "notification": {"tag": "n1"},
            "fcm_options": {"link": "https://x/a"},
        },
    }


def test_what_is_not_urgent_wakes_nobody() -> None:
    message = wire(high=False)
    assert message["android"]["priority"] == "normal"
    assert message["apns"]["headers"]["apns-priority"] == "5"
    assert message["webpush"]["headers"]["Urgency"] == "normal"


def test_what_shows_nothing_goes_to_the_application() -> None:
    message = wire(title="", body="", image_url="", link="")
    assert "notification" not in message
    assert message["android"] == {"priority": "high", "ttl": "60s"}
    # Apple refuses such ones at priority 10
    headers = {"apns-priority": "5", "apns-expiration": "1900000000", "apns-push-type": "background"}
    assert message["apns"] == {"headers": headers, "payload": {"aps": {"content-available": 1}}}
    assert message["webpush"] == {"headers": {"TTL": "60", "Urgency": "high"}}


def test_a_title_or_a_body_is_enough() -> None:
    assert wire(title="", image_url="")["notification"] == {"body": "B"}


def refusal(status: int, body: bytes, **headers: str) -> exceptions.FirebaseError:
    response = requests.Response()
    response.status_code, response._content = status, body
    response.headers.update(headers)
    return exceptions.UnknownError("it failed", http_response=response)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"[]", b'{"error":"x"}', b'{"error":{"details":[5]}}', b'{"error":{"status":1}}']
)
def test_a_body_that_is_not_fcms_leaves_the_status(body: bytes) -> None:
    assert failure_of(refusal(502, body)) == SendResult(502)


def test_the_field_that_was_wrong_is_told() -> None:
    violation = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "message.token"}]}
    body = {"error": {"status": "INVALID_ARGUMENT", "message": "Invalid", "details": [violation]}}
    result = failure_of(refusal(400, json.dumps(body).encode(), **{"Retry-After": "5"}))
    assert result == SendResult(400, "INVALID_ARGUMENT", "Invalid message.token", "5")


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (requests.exceptions.ReadTimeout(), "timeout"),
        (requests.exceptions.ConnectTimeout(), "unreachable"),
        (requests.exceptions.ConnectionError("no route"), "unreachable"),
        (requests.exceptions.SSLError("bad certificate"), "unreachable"),
        (requests.exceptions.ChunkedEncodingError(), "unreadable_answer"),
        (RefreshError("try again", retryable=True), "unreachable"),
        (KeyError("name"), "unreadable_answer"),
    ],
)
def test_what_is_no_answer_is_told_by_its_kind(problem: Exception, code: str) -> None:
    wrapped = exceptions.UnknownError("it failed", cause=problem)
    assert failure_of(problem) == failure_of(wrapped) == SendResult(0, code)


def test_an_account_that_is_refused_is_refused_for_good() -> None:
    assert failure_of(RefreshError("invalid_grant")) == SendResult(401, "CREDENTIALS_REFUSED")
