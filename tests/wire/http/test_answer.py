"""Answers as bytes."""

from __future__ import annotations

import pytest

from notifyd.wire.http.answer import Answer, encode_answer, has_body, header_lines, status_line

DATE = b"Date: now\r\n"


def test_an_answer() -> None:
    answer = Answer(200, b"{}", headers=((b"X-A", b"b"),))
    assert encode_answer(answer, common=DATE) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nDate: now\r\nX-A: b\r\n\r\n{}"
    )


def test_an_answer_to_head_tells_the_length_alone() -> None:
    data = encode_answer(Answer(200, b"hello", b"text/plain"), common=b"", bodyless=True)
    assert data == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"


def test_the_connection_line_is_the_last() -> None:
    data = encode_answer(Answer(404), common=DATE, persistence=b"Connection: close\r\n")
    assert data.endswith(b"Date: now\r\nConnection: close\r\n\r\n")


def test_statuses_without_a_body() -> None:
    assert encode_answer(Answer(204, b"x"), common=DATE) == b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"
    assert [status for status in (100, 101, 199, 200, 204, 205, 304, 404) if not has_body(status)] == [
        100,
        101,
        199,
        204,
        304,
    ]


def test_no_content_type_where_there_is_none() -> None:
    assert encode_answer(Answer(200, b"", b""), common=b"") == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_an_unknown_status_has_a_line_too() -> None:
    assert status_line(299) == b"HTTP/1.1 299 Unknown\r\n"


@pytest.mark.parametrize(
    "header", [(b"A", b"b\r\nC: d"), (b"A", b"b\nc"), (b"A", b"b\rc"), (b"A\r\n", b"b"), (b"A", b"\0")]
)
def test_headers_that_would_forge_lines_are_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="line end"):
        header_lines((header,))


def test_a_content_type_that_would_forge_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="line end"):
        encode_answer(Answer(200, b"", b"a\r\nb: c"), common=b"")
