"""The heartbeat and the queue of an Engine.IO connection, on a clock of the tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.socketio.engineio import EngineRules
from notifyd.wire.socketio.engineio_session import MAX_UNANSWERED, Beat, Heartbeat, PollQueue

RULES = EngineRules(ping_interval_seconds=25, ping_timeout_seconds=20)


def heartbeat() -> Heartbeat[str]:
    return Heartbeat(RULES, now=100.0)


def test_it_pings_every_interval_while_pongs_come() -> None:
    beat = heartbeat()
    now = 100.0
    for _ in range(5):
        assert beat.due == now + 25
        now = beat.due
        assert beat.on_deadline(now=now) is Beat.PING
        assert beat.due == now + 20
        now += 1
        assert beat.pong(now=now) is None


def test_before_its_time_there_is_nothing_to_do() -> None:
    assert heartbeat().on_deadline(now=124.9) is Beat.NOTHING


def test_it_dies_without_a_pong() -> None:
    beat = heartbeat()
    beat.on_deadline(now=125.0)
    assert beat.on_deadline(now=144.9) is Beat.NOTHING
    assert beat.on_deadline(now=145.0) is Beat.DEAD


@pytest.mark.parametrize(("rung", "due"), [(125.5, 145.0), (134.9, 145.0), (136.0, 156.0)])
def test_a_late_timer_does_not_add_up_and_a_stall_is_not_the_peers(rung: float, due: float) -> None:
    beat = heartbeat()
    assert beat.on_deadline(now=rung) is Beat.PING
    assert beat.due == due


def test_marks_come_back_in_order() -> None:
    beat = heartbeat()
    assert beat.ping("a", now=101.0) is Beat.PING
    assert beat.due == 121.0
    assert beat.ping(None, now=102.0) is Beat.NOTHING
    assert beat.ping("b", now=103.0) is Beat.PING
    assert beat.due == 121.0, "the oldest one is waited for"
    assert [beat.pong(now=104.0), beat.due] == ["a", 124.0]
    assert [beat.pong(now=105.0), beat.due] == ["b", 130.0]
    assert beat.pong(now=106.0) is None
    assert beat.due == 130.0, "a pong that nobody asked for moves nothing"


def test_pings_without_answers_are_bounded() -> None:
    beat = heartbeat()
    for _ in range(MAX_UNANSWERED):
        assert beat.ping("a", now=101.0) is Beat.PING
    assert beat.ping("a", now=101.0) is Beat.DEAD


def test_an_excuse_gives_time_to_who_owes_a_pong_alone() -> None:
    beat = heartbeat()
    beat.excuse(now=110.0)
    assert beat.due == 125.0
    beat.on_deadline(now=125.0)
    beat.excuse(now=140.0)
    assert beat.due == 160.0


def queue(limit: int = 100, payload: int = 50) -> PollQueue:
    return PollQueue(EngineRules(max_payload_bytes=payload, queue_bytes=limit))


def test_pieces_are_taken_together() -> None:
    pieces = queue()
    assert pieces.put(b"4a\x1e")
    pieces.force(b"2\x1e")
    assert pieces.put(b"4b\x1e4c\x1e")
    assert len(pieces) == 11
    assert pieces.take() == b"4a\x1e2\x1e4b\x1e4c"
    assert (len(pieces), pieces.taken_bytes) == (0, 10)


def test_the_bound_lets_the_first_pass() -> None:
    pieces = queue(limit=5)
    assert pieces.put(b"4123456789\x1e")
    assert not pieces.put(b"4\x1e")
    pieces.force(b"1\x1e")
    assert pieces.take_all() == b"4123456789\x1e1\x1e"
    assert len(pieces) == 0


@given(st.lists(st.binary(max_size=30).map(lambda data: b"4" + data.replace(b"\x1e", b"") + b"\x1e"), min_size=1))
def test_payloads_keep_to_their_bound_and_lose_nothing(put: list[bytes]) -> None:
    pieces = queue(limit=10**6, payload=10)
    for piece in put:
        pieces.put(piece)
    taken = []
    while pieces:
        taken.append(pieces.take())
    assert b"\x1e".join(taken) + b"\x1e" == b"".join(put)
    assert all(len(payload) <= 10 or b"\x1e" not in payload for payload in taken)
    assert pieces.taken_bytes == sum(map(len, taken))
