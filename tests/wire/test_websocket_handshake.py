"""The server's half of the opening handshake."""

from __future__ import annotations

import pytest

from notifyd.wire.websocket_handshake import accept_handshake, offered_subprotocols, refuse_handshake

KEY = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
VERSION = (b"sec-websocket-version", b"13")
SOUND = (KEY, VERSION)


def refused(*headers: tuple[bytes, bytes], method: str = "GET") -> int | None:
    answer = refuse_handshake(method, headers)
    return None if answer is None else answer.status


def test_a_sound_handshake() -> None:
    assert refused(*SOUND) is None


def test_the_accept_value_of_the_rfc() -> None:
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in accept_handshake(SOUND)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((KEY,), 426),
        ((KEY, VERSION, VERSION), 426),
        ((KEY, (b"sec-websocket-version", b"8")), 426),
        ((VERSION,), 400),
        ((KEY, KEY, VERSION), 400),
        ((VERSION, (b"sec-websocket-key", b"")), 400),
        ((VERSION, (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZ")), 400),
        ((VERSION, (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZSE=")), 400),
        ((VERSION, (b"sec-websocket-key", b"dGhl IHNhbXBsZSBub25jZQ==")), 400),
    ],
)
def test_handshakes_that_are_refused(headers: tuple[tuple[bytes, bytes], ...], status: int) -> None:
    assert refused(*headers) == status


def test_a_handshake_is_a_get() -> None:
    assert refused(*SOUND, method="POST") == 405


def test_a_refusal_names_the_version() -> None:
    answer = refuse_handshake("GET", (KEY,))
    assert answer is not None
    assert (b"Sec-WebSocket-Version", b"13") in answer.headers


def test_subprotocols() -> None:
    offer = ((b"sec-websocket-protocol", b"a, b"), (b"sec-websocket-protocol", b" c ,"))
    assert offered_subprotocols(offer) == ["a", "b", "c"]
    assert b"\r\nSec-WebSocket-Protocol: b\r\n" in accept_handshake((*SOUND, *offer), subprotocol="b")


def test_a_subprotocol_that_was_not_offered_is_an_error() -> None:
    with pytest.raises(ValueError, match="did not offer"):
        accept_handshake(SOUND, subprotocol="b")


def test_headers_of_the_application() -> None:
    assert accept_handshake(SOUND, extra=((b"X", b"y"),)).endswith(b"\r\nX: y\r\n\r\n")
    with pytest.raises(ValueError, match="line end"):
        accept_handshake(SOUND, extra=((b"X", b"y\r\nz: a"),))
