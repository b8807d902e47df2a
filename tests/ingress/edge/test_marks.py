"""What a pong proves."""

from __future__ import annotations

import pytest

from notifyd.ingress.edge.marks import Marks


def test_a_mere_heartbeat_carries_nothing() -> None:
    marks = Marks()
    assert marks.ask(0) == b""
    assert marks.answered(b"") == []


def test_a_pong_proves_its_mark_once() -> None:
    marks = Marks()
    assert marks.ask(7) == b"7"
    assert [marks.answered(b"7"), marks.answered(b"7")] == [[7], []]


def test_a_pong_proves_the_pings_before_its_own_which_may_stay_unanswered() -> None:
    marks = Marks()
    for mark in (7, 1 << 62, 9):
        marks.ask(mark)
    assert marks.answered(b"%d" % (1 << 62)) == [7, 1 << 62]
    assert marks.answered(b"9") == [9]


def test_a_heartbeat_asks_for_the_newest_again() -> None:
    marks = Marks()
    marks.ask(7)
    marks.ask(8)
    assert (marks.ask(0), marks.ask(8)) == (b"8", b"8")
    assert (marks.answered(b"8"), marks.ask(0)) == ([7, 8], b"")


@pytest.mark.parametrize("payload", [b"", b"8", b"-7", b"+7", b"7.0", b" 7", b"seven", b"\xff", b"9" * 125])
def test_any_other_payload_proves_nothing(payload: bytes) -> None:
    marks = Marks()
    marks.ask(7)
    assert marks.answered(payload) == []
    assert marks.answered(b"7") == [7]
