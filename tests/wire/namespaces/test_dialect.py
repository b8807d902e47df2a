"""The frames of the plain JSON dialect."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.wire.namespaces import dialect
from tests.wire.namespaces.test_events import OURS, publication


def text(frame: bytes) -> Any:
    assert frame[0] == 0x81
    return json.loads(frame[2 if frame[1] < 126 else 4 :])


def test_a_message_has_an_event_and_if_wanted_data_and_an_id() -> None:
    assert dialect.parse_message(b'{"event":"ping"}') == dialect.Message("ping")
    assert dialect.parse_message(b'{"event":"a","data":[1],"id":"x","more":1}') == dialect.Message("a", [1], "x")


@pytest.mark.parametrize("bad", [b"", b"{", b"5", b"[]", b'{"event":null}', b'{"event":"a","id":1.5}', b"\xff"])
def test_anything_else_is_refused(bad: bytes) -> None:
    with pytest.raises(Invalid):
        dialect.parse_message(bad)


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    with suppress(Invalid):
        assert isinstance(dialect.parse_message(data), dialect.Message)


def test_what_is_said() -> None:
    assert text(dialect.event_frame("pong")) == {"event": "pong"}
    assert text(dialect.event_frame("pong", 0)) == {"event": "pong", "data": 0}
    assert text(dialect.ack_frame("x", {"a": 1})) == {"event": "ack", "id": "x", "data": {"a": 1}}
    assert text(dialect.ack_frame(5, None)) == {"event": "ack", "id": 5, "data": None}


def test_a_delivery() -> None:
    assert text(dialect.notification_frame(publication())) == {
        "event": "notification",
        "data": {"title": "Hello", **OURS},
    }
