"""WebSocket frames: ours as another implementation reads them, and its frames as we read them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from notifyd.wire.websocket.frames import (
    BINARY,
    PING,
    PONG,
    TEXT,
    binary_frame,
    close_frame,
    frame_head,
    may_close_with,
    ping_frame,
    pong_frame,
    text_frame,
    unmask,
)

unhurried = settings(deadline=None)  # a busy machine is no failure

SIZES = st.sampled_from([0, 1, 2, 3, 4, 5, 125, 126, 127, 511, 512, 513, 514, 65535, 65536, 70000])


def frames_of(data: bytes) -> list[tuple[Opcode, object]]:
    reader = FrameProtocol(client=True, extensions=[])
    reader.receive_bytes(data)
    return [(frame.opcode, frame.payload) for frame in reader.received_frames()]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_messages_of_every_length(size: int) -> None:
    assert frames_of(text_frame(b"a" * size)) == [(Opcode.TEXT, "a" * size)]
    assert frames_of(binary_frame(bytes(size))) == [(Opcode.BINARY, bytes(size))]


def test_control_frames() -> None:
    assert frames_of(ping_frame(b"a") + pong_frame()) == [(Opcode.PING, b"a"), (Opcode.PONG, b"")]


@pytest.mark.parametrize("frame", [ping_frame, pong_frame])
def test_control_frames_are_short(frame: object) -> None:
    with pytest.raises(ValueError, match="125"):
        frame(bytes(126))  # type: ignore[operator]


def test_a_close() -> None:
    assert frames_of(close_frame(4008, "slow")) == [(Opcode.CLOSE, (4008, "slow"))]
    assert frames_of(close_frame(None, "dropped")) == [(Opcode.CLOSE, (1005, ""))]


@unhurried
@given(st.text(max_size=200))
def test_a_reason_is_cut_between_characters(reason: str) -> None:
    frame = close_frame(1000, reason)
    said = frame[4:].decode("utf-8")
    whole = reason.encode("utf-8", "replace").decode("utf-8")
    assert whole.startswith(said)
    assert said == whole or 120 <= len(frame) - 4 <= 123


@unhurried
@given(SIZES, st.binary(min_size=4, max_size=4), st.sampled_from([TEXT, BINARY]), st.integers(0, 5))
def test_ordinary_frames_are_read_back(size: int, mask: bytes, opcode: int, before: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    frame = masked(bytes((0x80 | opcode,)) + binary_frame(payload)[1:], mask)
    data = bytes(before) + frame + b"next"
    head = frame_head(data, before)
    assert head is not None
    assert (head.opcode, head.ordinary, head.length, head.end) == (opcode, True, size, before + len(frame))
    assert unmask(data, head.payload_at, head.end) == payload


def masked(frame: bytes, mask: bytes = b"abcd") -> bytes:
    length = frame[1] & 0x7F
    head = 4 if length == 126 else 10 if length == 127 else 2
    payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(frame[head:]))
    return bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + mask + payload


@pytest.mark.parametrize("frame", [masked(binary_frame(bytes(size))) for size in (0, 200, 70000)])
def test_a_head_that_is_not_all_here_is_waited_for(frame: bytes) -> None:
    size = {0: 6, 126: 8, 127: 14}[frame[1] & 0x7F]
    assert [frame_head(frame[:length], 0) for length in range(size)] == [None] * size
    assert frame_head(frame[:size], 0) is not None


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_short_control_frames_are_ordinary(opcode: int) -> None:
    head = frame_head(bytes((0x80 | opcode, 0xFD)) + bytes(4), 0)
    assert head is not None
    assert head.ordinary


@pytest.mark.parametrize(
    "frame",
    [
        text_frame(b"unmasked"),
        masked(close_frame(1000)),
        masked(b"\x01\x01a"),
        masked(b"\x80\x01a"),
        masked(b"\xc1\x01a"),
        masked(b"\x83\x01a"),
        masked(b"\x89\x7e\x00\x80" + bytes(128)),
        masked(b"\x82\x7e\x00\x05hello"),
        masked(b"\x82\x7f" + (65535).to_bytes(8, "big")),
        masked(b"\x82\x7f" + b"\xff" * 8),
    ],
)
def test_what_is_unusual_is_left_to_others(frame: bytes) -> None:
    head = frame_head(frame, 0)
    assert head is not None
    assert not head.ordinary


def test_codes_that_may_stand_in_a_close() -> None:
    allowed = [code for code in range(65536) if may_close_with(code)]
    assert allowed == [1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)]
