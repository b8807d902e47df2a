"""A small HTTP client: one connection, one request at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httptools
import msgspec
import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Reply(msgspec.Struct, frozen=True):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return msgspec.json.decode(self.body)


class _Parsing:
    """What httptools tells of one answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


class Rest:
    """One connection. A call that raises `trio.BrokenResourceError` may or may not have happened."""

    def __init__(self, stream: trio.abc.Stream, host: str, key: str = "") -> None:
        self._stream = stream
        self._host = host
        self._key = key

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One request and its answer; *headers* have _ for -."""
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
        return await self.send(method, path, b"" if body is None else msgspec.json.encode(body), **headers)

    async def send(self, method: str, path: str, content: bytes, **headers: str) -> Reply:
        """One request with these very bytes, and its answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(content)}"]
        if self._key:
            lines.append(f"X-API-Key: {self._key}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self._stream.send_all("\r\n".join([*lines, "", ""]).encode() + content)
        return await self._answer()

    async def _answer(self) -> Reply:
        parsing = _Parsing()
        parser = httptools.HttpResponseParser(parsing)
        while not parsing.complete:
            data = await self._stream.receive_some(65_536)
            if not data:
                raise trio.BrokenResourceError("the daemon closed the connection instead of answering")
            parser.feed_data(bytes(data))
        return Reply(parser.get_status_code(), parsing.headers, parsing.body)

    async def accept(self, channel: str, data: object, **fields: object) -> str:
        """Publish, which has to be accepted; the notification's id."""
        reply = await self.call("POST", "/api/notifications", {"channel": channel, "data": data, **fields})
        assert reply.status == 202, reply
        return str(reply.json["notificationId"])

    async def accept_batch(self, channel: str, count: int, *, start: int = 0) -> list[str]:
        """Publish `{"n": start}` and so on in one request; their ids."""
        batch = [{"channel": channel, "data": {"n": n}} for n in range(start, start + count)]
        reply = await self.call("POST", "/api/notifications/batch", {"notifications": batch})
        assert reply.status == 202, reply
        return list(reply.json["notificationIds"])


@asynccontextmanager
async def rest(address: tuple[str, int], key: str = "") -> AsyncIterator[Rest]:
    """A connection to *address*, with *key* in each request."""
    stream = await trio.open_tcp_stream(*address)
    async with stream:
        yield Rest(stream, f"{address[0]}:{address[1]}", key)
