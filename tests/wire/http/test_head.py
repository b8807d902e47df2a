"""The strict reading of request heads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifyd.wire.http.head import (
    Framing,
    RequestRefused,
    check_field_lines,
    check_line_ends,
    framing_of,
    parse_request_line,
    split_absolute,
)

unhurried = settings(deadline=None)  # a busy machine is no failure

HOST = (b"host", b"a")


def status_of(function: object, *args: object, **kwargs: object) -> int:
    with pytest.raises(RequestRefused) as caught:
        function(*args, **kwargs)  # type: ignore[operator]
    return caught.value.status


def line(data: bytes) -> tuple[str, bytes, int, int]:
    read = parse_request_line(data, 0, max_target_bytes=20)
    return read.method, read.target, read.minor_version, read.fields_at


def framing(*headers: tuple[bytes, bytes], minor_version: int = 1) -> Framing:
    return framing_of((HOST, *headers), minor_version=minor_version)


def test_a_refusal_has_a_code_of_its_kind() -> None:
    codes = [RequestRefused(status, "why").code for status in (400, 413, 414, 431)]
    assert codes == ["bad_request", "too_large", "too_large", "too_large"]


def test_a_request_line() -> None:
    assert line(b"GET /a?b HTTP/1.1\r\n") == ("GET", b"/a?b", 1, 19)
    assert line(b"X-Y / HTTP/1.0\r\nrest") == ("X-Y", b"/", 0, 16)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\n", 400),
        (b"GET /\r\n", 400),
        (b"G(T / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/0.9\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/10.1\r\n", 505),
        (b"GET / HTTP/" + b"9" * 5000 + b".1\r\n", 505),
        (b"GET /" + b"a" * 20 + b" HTTP/1.1\r\n", 414),
        (b"CONNECT a:1 HTTP/1.1\r\n", 501),
        (b"GET * HTTP/1.1\r\n", 400),
        (b"GET /#a HTTP/1.1\r\n", 400),
        (b"GET http:///a HTTP/1.1\r\n", 400),
        (b"GET a HTTP/1.1\r\n", 400),
    ],
)
def test_request_lines_that_are_refused(data: bytes, status: int) -> None:
    assert status_of(line, data) == status


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (b"http://a/b?c", (b"a", b"/b?c")),
        (b"HTTPS://a:1", (b"a:1", b"/")),
        (b"http://[::1]?c", (b"[::1]", b"/?c")),
    ],
)
def test_absolute_targets(target: bytes, parts: tuple[bytes, bytes]) -> None:
    assert line(b"GET %s HTTP/1.1\r\n" % target)[1] == target
    assert split_absolute(target) == parts


def test_only_an_absolute_target_is_split() -> None:
    with pytest.raises(AssertionError):
        split_absolute(b"/a")


@pytest.mark.parametrize("fields", [b"\r\n", b"A: b\r\n\r\n", b"A:\r\nB: \xff\t c \r\n\r\n"])
def test_sound_field_lines(fields: bytes) -> None:
    check_field_lines(b"before" + fields + b"after", 6, 6 + len(fields))


@pytest.mark.parametrize(
    "fields",
    [
        b"A : b\r\n\r\n",
        b" A: b\r\n\r\n",
        b"A: b\r\n c\r\n\r\n",
        b"A: b\n\r\n",
        b"A: b\rc\r\n\r\n",
        b"A: \0\r\n\r\n",
        b"A\r\n\r\n",
        b"A: b\r\n",
    ],
)
def test_field_lines_that_are_refused(fields: bytes) -> None:
    assert status_of(check_field_lines, fields, 0, len(fields)) == 400


@unhurried
@given(st.binary(max_size=200))
def test_sound_field_lines_hold_no_other_line_end_and_no_control(data: bytes) -> None:
    try:
        check_field_lines(data, 0, len(data))
    except RequestRefused:
        return
    lines = data.split(b"\r\n")
    assert lines[-2:] == [b"", b""]
    assert not any(byte < 32 and byte != 9 for part in lines for byte in part)


@unhurried
@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"a"]), max_size=12))
def test_a_loose_line_end_is_seen_wherever_it_is(parts: list[bytes]) -> None:
    data = b"".join(parts)
    loose = data.replace(b"\r\n", b"").rstrip(b"\r") if data.endswith(b"\r") else data.replace(b"\r\n", b"")
    if b"\r" in data.replace(b"\r\n", b"")[:-1] or b"\n" in loose:
        assert status_of(check_line_ends, data) == 400


def test_a_line_end_that_is_half_here_is_waited_for() -> None:
    check_line_ends(b"GET / HTTP/1.1\r")


def test_framing_of_a_plain_request() -> None:
    assert framing() == Framing(0, chunked=False, keep_alive=True, expects_continue=False, upgrades_to_websocket=False)


def test_framing_of_bodies() -> None:
    assert framing((b"content-length", b"12")).content_length == 12
    assert framing((b"transfer-encoding", b" Chunked")).chunked


@pytest.mark.parametrize(
    ("headers", "minor_version", "status"),
    [
        ([], 1, 400),
        ([HOST, HOST], 1, 400),
        ([(b"host", b"a b")], 1, 400),
        ([HOST, (b"content-length", b"1"), (b"content-length", b"1")], 1, 400),
        ([HOST, (b"content-length", b"1,1")], 1, 400),
        ([HOST, (b"content-length", b"1" * 19)], 1, 413),
        ([HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 1, 400),
        ([HOST, (b"transfer-encoding", b"chunked")], 0, 400),
        ([HOST, (b"transfer-encoding", b"")], 1, 400),
        ([HOST, (b"transfer-encoding", b"chunked,identity")], 1, 400),
        ([HOST, (b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked")], 1, 501),
        ([HOST, (b"transfer-encoding", b"identity")], 1, 501),
        ([HOST, (b"expect", b"everything")], 1, 417),
    ],
)
def test_framings_that_are_refused(headers: list[tuple[bytes, bytes]], minor_version: int, status: int) -> None:
    assert status_of(framing_of, headers, minor_version=minor_version) == status


@pytest.mark.parametrize(
    ("minor_version", "values", "kept"),
    [
        (1, [], True),
        (1, [b"Close"], False),
        (1, [b"a", b"b, close"], False),
        (0, [], False),
        (0, [b"Keep-Alive"], True),
    ],
)
def test_persistence(minor_version: int, values: list[bytes], kept: bool) -> None:
    headers = [(b"connection", value) for value in values]
    assert framing(*headers, minor_version=minor_version).keep_alive is kept


def test_expectations() -> None:
    assert framing((b"expect", b"100-Continue")).expects_continue
    assert not framing((b"expect", b"100-continue"), minor_version=0).expects_continue


def test_upgrades() -> None:
    connection, upgrade = (b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"h2c, WebSocket")
    assert framing(connection, upgrade).upgrades_to_websocket
    assert not framing(upgrade).upgrades_to_websocket
    assert not framing(connection, (b"upgrade", b"h2c")).upgrades_to_websocket
