"""The server's half of the opening handshake."""

from __future__ import annotations

import pytest

from notifyd.wire.http.head import RequestRefused
from notifyd.wire.websocket.handshake import accept_handshake, check_handshake, offered_subprotocols

KEY = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
VERSION = (b"sec-websocket-version", b"13")
SOUND = (KEY, VERSION)


def refused(*headers: tuple[bytes, bytes], method: str = "GET", body: bytes = b"") -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        check_handshake(method, headers, body)
    return caught.value


def test_a_sound_handshake() -> None:
    check_handshake("GET", SOUND, b"")


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
    assert refused(*headers).status == status


def test_a_handshake_is_a_get_without_a_body() -> None:
    post = refused(*SOUND, method="POST")
    assert (post.status, post.code, post.headers) == (405, "method_not_allowed", ((b"Allow", b"GET"),))
    assert refused(*SOUND, body=b"hi").status == 400


def test_a_refusal_names_the_version_and_the_way() -> None:
    refusal = refused(KEY)
    assert refusal.code == "upgrade_required"
    assert dict(refusal.headers) == {
        b"Sec-WebSocket-Version": b"13",
        b"Upgrade": b"websocket",
        b"Connection": b"Upgrade",
    }


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
