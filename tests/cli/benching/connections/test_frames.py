"""Finding frames, beside wsproto, which made them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import CloseReason, FrameProtocol

from notifyctl.benching.connections.frames import CLOSE, PING, TEXT, Broken, Scanner, close_code

TEXTS = st.lists(st.sampled_from(["", "a", "x" * 125, "x" * 126, "y" * 70_000]) | st.text(max_size=200), max_size=6)


def server() -> FrameProtocol:
    return FrameProtocol(client=False, extensions=[])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(TEXTS, st.lists(st.integers(min_value=0), max_size=8))
def test_frames_are_found_in_whatever_pieces_they_come(texts: list[str], cuts: list[int]):
    sent = b"".join(bytes(server().send_data(text)) for text in texts)
    scanner, found = Scanner(), []
    for piece in pieces(sent, cuts):
        found += [(opcode, scanner.payload(start, end).decode()) for opcode, start, end in scanner.feed(piece)]
    assert found == [(TEXT, text) for text in texts]


def test_control_frames():
    frames = server()
    scanner = Scanner()
    sent = bytes(frames.ping(b"now")) + bytes(frames.close(4008, "slow consumer"))
    found = [(opcode, scanner.payload(start, end)) for opcode, start, end in scanner.feed(sent)]
    assert found[0] == (PING, b"now")
    assert found[1][0] == CLOSE
    assert close_code(found[1][1]) == 4008
    assert close_code(b"") == CloseReason.NO_STATUS_RCVD


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400", b"\x01\x01a", b"\x81\x81\0\0\0\0a", b"\xc1\x01a", b"\x81\x7f\xff\0\0\0\0\0\0\0"]
)
def test_what_is_no_frame_of_ours_is_refused(data: bytes):
    with pytest.raises(Broken):
        list(Scanner().feed(data))
