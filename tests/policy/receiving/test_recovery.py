"""Pids: made and opened with one key, and by nobody else."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.ids import ClientId, ConnectionId, KeyId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition
from notifyd.model.principal import Grants, Principal
from notifyd.policy.receiving.recovery import Pids, Session

PIDS = Pids(b"a key of the daemon")
SESSION = Session(
    ClientId("shop"), UserId("älice"), ConnectionId("sid"), StreamPosition("e", 7), StreamPosition("i", 0)
)


def test_a_pid_opens_to_what_it_was_made_of() -> None:
    assert PIDS.open(PIDS.seal(SESSION)) == SESSION
    assert Pids(b"a key of the daemon").open(PIDS.seal(SESSION)) == SESSION


def test_no_two_are_the_same_and_none_tells_anything() -> None:
    pid = PIDS.seal(SESSION)
    assert pid != PIDS.seal(SESSION)
    assert b"shop" not in base64.urlsafe_b64decode(pid)


def test_another_key_opens_nothing() -> None:
    assert Pids(b"another key").open(PIDS.seal(SESSION)) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=-]*", fullmatch=True))
def test_no_other_text_opens(text: str) -> None:
    assert PIDS.open(text) is None


@given(st.integers(0), st.integers(0, 7))
def test_no_changed_bit_opens(place: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(PIDS.seal(SESSION)))
    raw[place % len(raw)] ^= 1 << bit
    assert PIDS.open(base64.urlsafe_b64encode(raw).decode()) is None


def test_a_huge_text_is_not_looked_at() -> None:
    assert PIDS.open("A" * 10**6) is None


@pytest.mark.parametrize(
    ("client", "user", "belongs"), [("shop", "älice", True), ("shop", "bob", False), ("other", "älice", False)]
)
def test_a_session_belongs_to_its_user(client: str, user: str, belongs: bool) -> None:
    principal = Principal(ClientId(client), KeyId(""), Grants(), user_id=UserId(user))
    assert SESSION.belongs_to(principal) is belongs


def notification(kind: Kind, *, users: tuple[str, ...] = (), connections: tuple[str, ...] = ()) -> Notification:
    return Notification(
        NotificationId("n"),
        ClientId("shop"),
        kind,
        "",
        b"1",
        b"",
        5,
        0,
        0,
        1,
        0,
        users=tuple(map(UserId, users)),
        connections=tuple(map(ConnectionId, connections)),
    )


@pytest.mark.parametrize(
    ("sent", "concerned"),
    [
        (notification(Kind.BROADCAST), True),
        (notification(Kind.USERS, users=("bob", "älice")), True),
        (notification(Kind.USERS, users=("bob",)), False),
        (notification(Kind.USERS, users=("bob",), connections=("sid",)), True),
        (notification(Kind.CONNECTIONS, connections=("other", "sid")), True),
        (notification(Kind.CONNECTIONS, connections=("other",)), False),
    ],
)
def test_whom_a_notification_concerns(sent: Notification, concerned: bool) -> None:
    assert SESSION.concerns(sent) is concerned
    assert msgspec.structs.replace(SESSION, sid=ConnectionId("x"), user_id=UserId("x")).concerns(sent) is (
        sent.kind is Kind.BROADCAST
    )
