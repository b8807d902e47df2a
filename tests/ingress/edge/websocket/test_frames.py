"""The frame reader, against wsproto alone and against random bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from notifyd.ingress.edge.websocket.frames import FrameReader, FrameRefused
from notifyd.wire.websocket.frames import (
    BINARY,
    CLOSE,
    TEXT,
    binary_frame,
    close_frame,
    ping_frame,
    pong_frame,
    text_frame,
)
from tests.ingress.edge.edge_harness import masked, raw_frame, text

unhurried = settings(deadline=None)  # a busy machine is no failure

Outcome = list[tuple[int, bytes]]
LIMIT = 100_000


def read(parts: list[bytes], limit: int = LIMIT) -> tuple[Outcome, int | None]:
    """What the reader finds in *parts*, and the code with which it gives up."""
    reader, found = FrameReader(limit), []
    try:
        for part in parts:
            reader.feed(part)
            while (message := reader.next()) is not None:
                found.append(message)
                if message[0] == CLOSE:
                    return found, None
    except FrameRefused as refused:
        return found, refused.code
    return found, None


def read_by_wsproto(data: bytes) -> tuple[Outcome, int | None]:
    """The same by wsproto alone."""
    protocol, found, message = FrameProtocol(client=False, extensions=[]), [], b""
    protocol.receive_bytes(data)
    try:
        for frame in protocol.received_frames():
            payload = frame.payload
            if isinstance(payload, tuple):
                return [*found, (CLOSE, b"")], None
            content = payload.encode() if isinstance(payload, str) else bytes(payload)
            if frame.opcode.iscontrol():
                found.append((int(frame.opcode), content))
                continue
            message += content
            if frame.message_finished:
                found.append((int(frame.opcode), message))
                message = b""
    except ParseFailed as failed:
        return found, int(failed.code)
    return found, None


FRAMES = st.one_of(
    st.text(max_size=50).map(lambda message: text(message.encode("utf-8", "replace"))),
    st.binary(max_size=200).map(lambda message: masked(binary_frame(message))),
    st.binary(max_size=125).map(lambda payload: masked(ping_frame(payload))),
    st.binary(max_size=125).map(lambda payload: masked(pong_frame(payload))),
    st.tuples(st.sampled_from([0x00, 0x01, 0x02, 0x80]), st.binary(max_size=20)).map(lambda f: raw_frame(*f)),
    st.tuples(st.integers(0, 255), st.binary(max_size=20)).map(lambda f: raw_frame(*f)),
    st.sampled_from([close_frame(None), close_frame(1000, "x"), close_frame(1005)]).map(masked),
    st.sampled_from([text_frame(b"unmasked"), masked(b"\x82\x7e\x00\x05hello"), masked(text_frame(b"\xff"))]),
)
CUTS = st.lists(st.integers(0, 500), max_size=8)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    return [data[places[n] : places[n + 1]] for n in range(len(places) - 1)]


@unhurried
@given(st.lists(FRAMES, max_size=8).map(b"".join), CUTS)
def test_it_finds_what_wsproto_finds_however_the_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    assert read(cut(data, cuts)) == read_by_wsproto(data)


@unhurried
@given(st.lists(st.binary(max_size=100), max_size=8))
def test_random_bytes_are_read_or_refused(parts: list[bytes]) -> None:
    _, code = read(parts)
    assert code in (None, 1002, 1007, 1009)


@unhurried
@given(st.lists(FRAMES, min_size=1, max_size=4).map(b"".join), st.integers(0, 300))
def test_truncated_frames_are_waited_for(data: bytes, size: int) -> None:
    found, _ = read([data[:size]])
    assert found == read([data])[0][: len(found)]


@pytest.mark.parametrize("parts", [[binary_frame(bytes(1001))], [b"\x02\x7e\x03\xe8" + bytes(1000), b"\x80\x01a"]])
def test_a_message_over_the_limit(parts: list[bytes]) -> None:
    data = b"".join(masked(part) for part in parts)
    assert read([data], limit=1000) == ([], 1009)
    assert read([data[:14]], limit=1000)[1] == (1009 if len(parts) == 1 else None)
    assert read([data], limit=1001)[1] is None


def test_any_number_of_empty_fragments_is_one_message() -> None:
    found, code = read([raw_frame(0x01)] + [raw_frame(0x00) * 100] * 50 + [raw_frame(0x80, b"end")])
    assert (found, code) == ([(TEXT, b"end")], None)


def test_messages_larger_than_a_read() -> None:
    data = masked(binary_frame(bytes(range(256)) * 300)) + text(b"next")
    found, _ = read([data[start : start + 1000] for start in range(0, len(data), 1000)])
    assert found == [(BINARY, bytes(range(256)) * 300), (TEXT, b"next")]


def test_between_messages_nothing_is_kept() -> None:
    reader = FrameReader(LIMIT)
    for part in (raw_frame(0x01, b"a"), raw_frame(0x80, b"b"), text(b"whole")[:3]):
        reader.feed(part)
        while reader.next() is not None:
            pass
    assert reader.kept_bytes == 3
    reader.feed(text(b"whole")[3:])
    assert reader.next() == (TEXT, b"whole")
    assert reader.next() is None
    assert reader.kept_bytes == 0


def test_what_a_close_said() -> None:
    reader = FrameReader(LIMIT)
    reader.feed(masked(close_frame(4001, "why")))
    assert reader.next() == (CLOSE, b"")
    assert (reader.close_code, reader.close_reason) == (4001, "why")


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_closes_that_a_peer_may_send(code: int) -> None:
    reader, data = FrameReader(LIMIT), masked(close_frame(code, "ü"))
    for place in range(len(data)):
        assert reader.next() is None
        reader.feed(data[place : place + 1])
    assert reader.next() == (CLOSE, b"")
    assert (reader.close_code, reader.close_reason) == (code, "ü")


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_closes_that_no_peer_may_send(code: int) -> None:
    assert read([masked(close_frame(code))]) == ([], 1002)


def test_closes_that_are_malformed() -> None:
    assert read([raw_frame(0x88, b"\x03")]) == ([], 1002)
    assert read([raw_frame(0x88, b"\x03\xe8\xff")]) == ([], 1007)


def test_a_close_amidst_a_message() -> None:
    assert read([raw_frame(0x01, b"a") + masked(close_frame(1001)) + raw_frame(0x80, b"b")]) == ([(CLOSE, b"")], None)


BEGUN_WRONG = {
    "a reserved bit": b"\xc1\x85",
    "a reserved opcode": b"\x83\x85",
    "a fragmented ping": b"\x09\x85",
    "a long ping": b"\x89\xfe",
    "no mask": b"\x81\x05",
    "a length in too many bytes": b"\x81\xfe\x00\x05",
    "a length with the highest bit": b"\x82\xff\x80" + bytes(7),
    "a fragment of nothing": b"\x80\x85",
    "a message within a message": raw_frame(0x01, b"a") + b"\x81\x85",
}


@pytest.mark.parametrize("name", BEGUN_WRONG)
def test_a_head_that_is_wrong_is_not_waited_for(name: str) -> None:
    assert read([BEGUN_WRONG[name]]) == ([], 1002)
