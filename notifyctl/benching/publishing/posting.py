"""Publishing over REST, one keep-alive connection for each request that may be under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httptools
import msgspec
import trio

from notifyctl.benching.connections.place import ANSWER_SECONDS, Failed, failures
from notifyctl.benching.planning.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.benching.connections.place import Door, Pipe


class Answer:
    """One answer, as httptools finds it."""

    def __init__(self) -> None:
        self.body = b""
        self.done = False
        self.headers: dict[bytes, bytes] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Httptools found a header."""
        self.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Httptools found a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Httptools found the end."""
        self.done = True


class Poster:
    """Publishes over one connection, which it makes when it needs it and makes anew when it was lost."""

    def __init__(self, door: Door, key: str) -> None:
        self._door = door
        self._key = key
        self._pipe: Pipe | None = None
        self.sent_bytes = 0
        self.received_bytes = 0

    async def publish(self, channel: str, datas: Sequence[str]) -> None:
        """Publish *datas*, JSON texts, to *channel* in one request, and wait until they are accepted.

        Raises:
            Failed: they were not, or nobody knows.
        """
        bodies = [f'{{"channel":"{channel}","data":{data}}}' for data in datas]
        if len(bodies) == 1:
            await self._post("/api/notifications", bodies[0])
        else:
            await self._post("/api/notifications/batch", f'{{"notifications":[{",".join(bodies)}]}}')

    async def limits(self, channel: str) -> Limits:
        """What the daemon's answers say of the key's rate limit, for a look at *channel*; nothing where there is none.

        Raises:
            Failed: there was no answer.
        """
        _, answer = await self._exchange(f"GET {self._path}/api/channels/{quote(channel, safe='')}/history?limit=1", "")
        limit = answer.headers.get(b"ratelimit-limit", b"")
        left = answer.headers.get(b"ratelimit-remaining", b"")
        if not (limit.isdigit() and left.isdigit()):
            return Limits()
        # what a minute brings is not told; unless somebody set it apart it is what may be made at once
        return Limits(requests_per_minute=int(limit), burst=int(left))

    @property
    def _path(self) -> str:
        return self._door.place.path.rstrip("/")

    async def _post(self, path: str, body: str) -> None:
        status, answer = await self._exchange(f"POST {self._path}{path}", body)
        if status != 202:
            raise _refused(status, answer)

    async def _exchange(self, line: str, body: str) -> tuple[int, Answer]:
        request = (
            f"{line} HTTP/1.1\r\nHost: {self._door.place.netloc}\r\n"
            f"Content-Type: application/json\r\nX-API-Key: {self._key}\r\n"
            f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
        ).encode()
        try:
            with failures(), trio.fail_after(ANSWER_SECONDS):
                if self._pipe is None:
                    self._pipe = await self._door.open()
                await self._pipe.send(request)
                self.sent_bytes += len(request)
                status, answer = await self._answer(self._pipe)
        except BaseException:
            self.close()
            raise
        if answer.headers.get(b"connection", b"").lower() == b"close":
            self.close()
        return status, answer

    async def _answer(self, pipe: Pipe) -> tuple[int, Answer]:
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.done:
            data = await pipe.read()
            self.received_bytes += len(data)
            if not data:
                raise Failed("connection_lost")
            try:
                parser.feed_data(data)
            except httptools.HttpParserError as exc:
                raise Failed("protocol_error", detail=str(exc)) from exc
        return parser.get_status_code(), answer

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _refused(status: int, answer: Answer) -> Failed:
    try:
        error: dict[str, Any] = msgspec.json.decode(answer.body)["error"]
        code, said = str(error["code"]), str(error["message"])
    except (msgspec.DecodeError, LookupError, TypeError):
        code, said = f"http_{status}", ""
    wait = answer.headers.get(b"retry-after", b"0")
    seconds = float(wait) if wait.isdigit() else 0.0
    return Failed(code, gone=False, detail=said, retry_after_seconds=seconds)
