"""The table from errors to HTTP."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from notifyd import errors
from notifyd.ingress.faults import HTTP_STATUS, MediaTypeRefused, MethodRefused, error_body, http_fault, internal_fault
from notifyd.service.receiving.connect import TooManyConnections


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("m"), 400),
        (errors.NotAuthenticated("m"), 401),
        (errors.Denied("m"), 403),
        (errors.NotFound("m"), 404),
        (MethodRefused("m", allow="GET"), 405),
        (errors.Conflict("m"), 409),
        (errors.TooLarge("m"), 413),
        (MediaTypeRefused("m"), 415),
        (errors.IdempotencyMismatch("m"), 422),
        (errors.QueueFull("m"), 429),
        (errors.RateLimited("m"), 429),
        (TooManyConnections("m"), 429),
        (errors.NotifydError("m"), 500),
        (errors.StoreUnavailable("m"), 503),
        (errors.Draining("m"), 503),
    ],
)
def test_each_error_has_its_status(error: errors.NotifydError, status: int) -> None:
    fault = http_fault(error, "r1")
    assert fault.status == status
    assert msgspec.json.decode(fault.body) == {
        "success": False,
        "error": {"code": error.code, "message": error.told, "requestId": "r1"},
    }


def test_every_wrong_field_is_told() -> None:
    details = [errors.FieldProblem("appName", "is missing"), errors.FieldProblem("users[0]", "\ud800")]
    body = msgspec.json.decode(http_fault(errors.Invalid("m", details=details), "r1").body)
    assert body["error"]["details"] == [
        {"field": "appName", "message": "is missing"},
        {"field": "users[0]", "message": "?"},
    ]


def test_no_error_is_left_out() -> None:
    known = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.NotifydError)]
    for kind in known:
        nearest = next(parent for parent in kind.__mro__ if parent in HTTP_STATUS)
        assert nearest is not errors.NotifydError or kind is errors.NotifydError


@pytest.mark.parametrize(("seconds", "sent"), [(0.0, b"1"), (0.2, b"1"), (1.01, b"2"), (60, b"60")])
def test_retry_after_is_in_whole_seconds_rounded_up(seconds: float, sent: bytes) -> None:
    fault = http_fault(errors.RateLimited("m", retry_after_seconds=seconds), "r1")
    assert fault.headers == ((b"Retry-After", sent),)


def test_what_is_unavailable_always_says_when_to_come_back() -> None:
    assert dict(http_fault(errors.Unavailable("m"), "r1").headers)[b"Retry-After"] == b"5"


def test_a_bound_that_time_does_not_lift_has_no_retry_after() -> None:
    assert http_fault(errors.Exhausted("m"), "r1").headers == ()


def test_an_unauthenticated_caller_is_challenged() -> None:
    assert dict(http_fault(errors.NotAuthenticated("m"), "r1").headers)[b"WWW-Authenticate"].startswith(b"Bearer")


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert http_fault(MethodRefused("m", allow="GET, HEAD"), "r1").headers == ((b"Allow", b"GET, HEAD"),)


def test_a_fault_of_ours_says_where_to_look() -> None:
    assert b"r1" in internal_fault("r1").body


def test_a_message_that_is_no_unicode_is_still_told() -> None:
    assert msgspec.json.decode(error_body("c", "\ud800", "r"))["error"]["message"] == "?"
