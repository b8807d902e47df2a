"""Chunked bodies, however they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifyd.wire.http.chunks import ChunkedReader
from notifyd.wire.http.head import RequestRefused

unhurried = settings(deadline=None)  # a busy machine is no failure


def encode(pieces: list[bytes], trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


def read(parts: list[bytes]) -> tuple[bytes, bytes]:
    """The body in *parts*, and what follows it."""
    reader, body = ChunkedReader(max_trailer_bytes=100), bytearray()
    for number, part in enumerate(parts):
        at = reader.feed(part, 0, body)
        if reader.finished:
            return bytes(body), part[at:] + b"".join(parts[number + 1 :])
        assert at == len(part)
    raise EOFError


@unhurried
@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=5),
    st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ:\r\n"]),
    st.lists(st.integers(0, 400), max_size=10),
)
def test_a_body_is_the_same_however_it_is_cut(pieces: list[bytes], trailer: bytes, cuts: list[int]) -> None:
    data = encode(pieces, trailer) + b"GET /next"
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[start:end] for start, end in pairwise(places)]
    assert read(parts) == (b"".join(pieces), b"GET /next")


def test_reading_begins_where_it_is_told() -> None:
    reader, body = ChunkedReader(max_trailer_bytes=100), bytearray()
    assert reader.feed(b"head" + encode([b"abc"]) + b"rest", 4, body) == 4 + len(encode([b"abc"]))
    assert body == b"abc"


def test_extensions_are_dropped() -> None:
    assert read([b'3;a="b c" ; d\r\nabc\r\n0;e\r\n\r\n']) == (b"abc", b"")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"g\r\n", 400),
        (b"\r\n", 400),
        (b"3\n", 400),
        (b"3 \r\n", 400),
        (b"3;\x01\r\n", 400),
        (b"ffffffffffffffff\r\n", 400),
        (b"1" * 17 + b"\r\n", 400),
        (b"3;" + b"a" * 300, 400),
        ((b"1;" + b"a" * 250 + b"\r\nx\r\n") * 20, 400),
        (b"3\r\nabcd", 400),
        (b"3\r\nabc\rX", 400),
        (b"0\r\nX: a\n", 400),
        (b"0\r\n X: a\r\n\r\n", 400),
        (b"0\r\n" + b"X: a\r\n" * 20, 431),
        (b"0\r\n" + b"X: a\r\n" * 20 + b"\r\n", 431),
    ],
)
def test_malformed_chunks(data: bytes, status: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        read([data])
    assert caught.value.status == status


@unhurried
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_random_bytes_are_read_or_refused(parts: list[bytes]) -> None:
    try:
        body, _ = read(parts)
    except (RequestRefused, EOFError):
        return
    assert len(body) <= sum(map(len, parts))
