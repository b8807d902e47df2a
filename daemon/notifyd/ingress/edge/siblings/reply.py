"""The answer of a sibling, read back into a value."""

from __future__ import annotations

from typing import Final

import httptools

from notifyd.wire.http.answer import Answer

_MAX_BYTES: Final = 64 * 1024 * 1024
# what the answer gets anew from the worker that the peer talks to
_OUR_OWN: Final = frozenset((b"date", b"server", b"connection", b"content-length", b"content-type"))


class ReplyReader:
    """Feed it what arrives until `answer` is there."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._content_type = b""
        self._body = bytearray()
        self._bytes = 0
        #: The whole answer, once it is here.
        self.answer: Answer | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes in.

        Raises:
            ValueError: this is no answer that a sibling gives.
        """
        self._bytes += len(data)
        if self._bytes > _MAX_BYTES:
            raise ValueError("the answer is too large")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as exc:
            raise ValueError("no HTTP") from exc

    # httptools calls these

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        name = name.lower()
        if name == b"content-type":
            self._content_type = value
        elif name not in _OUR_OWN:
            self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """That was all."""
        status = self._parser.get_status_code()
        self.answer = Answer(status, bytes(self._body), self._content_type, tuple(self._headers))
