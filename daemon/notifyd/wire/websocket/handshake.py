"""The server's half of the WebSocket opening handshake (RFC 6455, section 4.2)."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Sequence

from notifyd.wire.http.answer import header_lines
from notifyd.wire.http.head import RequestRefused

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_VERSION = b"13"
_WAY_TO_UPGRADE = ((b"Sec-WebSocket-Version", _VERSION), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"))

Headers = Sequence[tuple[bytes, bytes]]


def check_handshake(method: str, headers: Headers, body: bytes) -> None:
    """Check a request that asks for a WebSocket.

    Raises:
        RequestRefused: 405, 426 or 400, for one that asks in the wrong way.
    """
    if body:
        raise RequestRefused(400, "a WebSocket handshake has no body")
    if method != "GET":
        raise RequestRefused(405, "a WebSocket handshake is a GET", ((b"Allow", b"GET"),))
    if _values(headers, b"sec-websocket-version") != [_VERSION]:
        raise RequestRefused(426, "this server speaks version 13 of the WebSocket protocol", _WAY_TO_UPGRADE)
    keys = _values(headers, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise RequestRefused(400, "malformed Sec-WebSocket-Key")


def accept_handshake(
    headers: Headers, *, subprotocol: str | None = None, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """The bytes that open the connection.

    Raises:
        ValueError: *subprotocol* was not offered, or a header of *extra* cannot be written.
    """
    key = _values(headers, b"sec-websocket-key")[0]
    # SHA-1 is what the RFC names; nothing here rests on its strength
    accept = binascii.b2a_base64(hashlib.sha1(key + _GUID, usedforsecurity=False).digest(), newline=False)
    chosen = b""
    if subprotocol is not None:
        if subprotocol not in offered_subprotocols(headers):
            raise ValueError(f"the client did not offer the subprotocol {subprotocol!r}")
        chosen = b"Sec-WebSocket-Protocol: %s\r\n" % subprotocol.encode("ascii")
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        b"%s\r\n%s%s\r\n" % (accept, chosen, header_lines(extra))
    )


def offered_subprotocols(headers: Headers) -> list[str]:
    """The subprotocols that the client offers, the dearest first."""
    values = _values(headers, b"sec-websocket-protocol")
    return [item.strip().decode("latin-1") for value in values for item in value.split(b",") if item.strip()]


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _is_key(value: bytes) -> bool:
    try:
        return len(binascii.a2b_base64(value, strict_mode=True)) == _KEY_BYTES
    except binascii.Error:
        return False
