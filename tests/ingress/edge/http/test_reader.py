"""The request reader, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifyd.ingress.edge.http.reader import RequestReader
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.settings import HttpSettings
from notifyd.wire.http.head import RequestRefused

unhurried = settings(deadline=None)  # a busy machine is no failure

SETTINGS = HttpSettings(max_body_bytes=2000, buffered_body_bytes=2000, max_head_bytes=1000, max_target_bytes=900)


def reader() -> RequestReader:
    return RequestReader(SETTINGS, Peer("127.0.0.1", 1), secure=False)


def read(parts: list[bytes]) -> tuple[list[Request], int | None]:
    """The requests in *parts*, and the status with which the reader gives up."""
    reading, found = reader(), []
    try:
        for part in parts:
            reading.feed(part)
            while (request := reading.next_request()) is not None:
                found.append(request)
    except RequestRefused as refused:
        return found, refused.status
    return found, None


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    return [data[places[n] : places[n + 1]] for n in range(len(places) - 1)]


BODIES = st.one_of(
    st.just((b"", b"")),
    st.binary(max_size=60).map(lambda body: (b"Content-Length: %d\r\n" % len(body), body)),
    st.binary(min_size=1, max_size=60).map(
        lambda body: (b"Transfer-Encoding: chunked\r\n", b"%x;a\r\n%s\r\n0\r\nT: x\r\n\r\n" % (len(body), body))
    ),
)
METHODS = st.sampled_from([b"GET", b"POST", b"FROBNICATE"])
REQUESTS = st.tuples(METHODS, BODIES).map(lambda r: b"%s /p HTTP/1.1\r\nHost: a\r\n%s\r\n%s" % (r[0], *r[1]))
CUTS = st.lists(st.integers(0, 600), max_size=8)


@unhurried
@given(st.lists(REQUESTS, max_size=5), CUTS)
def test_requests_are_the_same_however_the_bytes_are_cut(requests: list[bytes], cuts: list[int]) -> None:
    data = b"".join(requests)
    found, status = read(cut(data, cuts))
    assert status is None
    assert len(found) == len(requests)
    assert found == [read([request])[0][0] for request in requests]


WORDS = [b"GET / HTTP/1.1", b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked"]
MARKS = [b"\r\n", b"\r", b"\n", b" ", b"\0", b":", b"3", b"abc", b"0"]
LINES = st.lists(st.sampled_from(WORDS + MARKS), max_size=20).map(b"".join)


@unhurried
@given(LINES, CUTS)
def test_near_requests_end_alike_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    whole, status = read([data])
    found, cut_status = read(cut(data, cuts))
    assert found[: len(whole)] == whole[: len(found)]
    assert (status is None) == (cut_status is None)


@unhurried
@given(st.lists(st.binary(max_size=100), max_size=6))
def test_random_bytes_are_read_or_refused(parts: list[bytes]) -> None:
    _, status = read(parts)
    assert status in (None, 400, 501, 505)


@pytest.mark.parametrize(("start", "expected"), [(b"", 400), (b"GET /", 414), (b"GET / HTTP/1.1\r\n", 431)])
def test_a_head_without_end_is_refused_within_the_bound(start: bytes, expected: int) -> None:
    found, status = read([start] + [b"a" * 100] * (SETTINGS.max_head_bytes // 100 + 1))
    assert (found, status) == ([], expected)


@pytest.mark.parametrize("line", [b"GET /\r\n", b"GET / HTTP/2.0\r\n", b"GET a HTTP/1.1\r\n"])
def test_a_first_line_is_judged_when_it_is_complete_however_it_came(line: bytes) -> None:
    refused = read([line])
    assert refused[1] is not None
    assert all(read(cut(line, [place])) == refused for place in range(len(line)))
    assert read([line[:-1]]) == ([], None)


def test_a_chunk_larger_than_a_body_may_be_is_not_waited_for() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert read([head + b"7d1\r\n"]) == ([], 413)
    assert read([head + b"7d0\r\n"]) == ([], None)


def test_a_line_feed_behind_a_body_is_refused_whatever_the_body_ends_with() -> None:
    found, status = read([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\r\n"])
    assert (len(found), status) == (1, 400)
