"""One WebSocket connection of a load: made, authenticated, subscribed; then read by whoever it is handed to."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio
from wsproto.frame_protocol import FrameProtocol

from notifyctl.benching.connections.frames import CLOSE, PING, TEXT, Broken, Scanner, close_code
from notifyctl.benching.connections.place import ANSWER_SECONDS, Failed, failures

if TYPE_CHECKING:
    from notifyctl.benching.connections.marks import Mark, Notification
    from notifyctl.benching.connections.place import Door, Pipe

Receive = Callable[["Link", "Notification"], None]

_MOST_HEAD_BYTES: Final = 16 * 1024


class Link:
    """An open connection. Its methods raise Failed."""

    def __init__(self, pipe: Pipe, mark: Mark, receive: Receive) -> None:
        self.pipe = pipe
        self.receive = receive
        #: Hears of every message that is no publication, before what comes after it is read.
        self.answer: Callable[[dict[str, Any]], None] = lambda content: None
        self.received_bytes = 0
        #: Publications of this run that were read.
        self.received = 0
        #: Why it was closed; empty while it is open.
        self.ended = ""
        self._mark = mark
        self._frames: FrameProtocol = FrameProtocol(client=True, extensions=[])
        self._scanner = Scanner()
        self._answers: list[dict[str, Any]] = []
        self._pongs = b""

    async def say(self, message: dict[str, Any]) -> None:
        """Send one message."""
        await self.pipe.send(bytes(self._frames.send_data(msgspec.json.encode(message).decode())))

    async def ask(self, message: dict[str, Any], answer: str) -> dict[str, Any]:
        """Send *message* and wait for what is of the type *answer*; publications that come before go by."""
        with failures(), trio.fail_after(ANSWER_SECONDS):
            await self.say(message)
            return await self.answered(answer)
        raise AssertionError("it returned or raised")

    async def answered(self, answer: str) -> dict[str, Any]:
        """The next message that is of the type *answer*."""
        while True:
            while self._answers:
                content = self._answers.pop(0)
                if content.get("type") == answer:
                    return content
                _refuse_error(content)
            if self.ended:
                raise Failed(self.ended)
            self.take(await self.pipe.read())
            await self.pong()

    async def authenticate(self, key: str) -> None:
        """Say who we are."""
        with failures(), trio.fail_after(ANSWER_SECONDS):
            await self.answered("connected")
        await self.ask({"type": "authenticate", "apiKey": key}, "authenticated")

    async def subscribe(self, channel: str, **since: object) -> dict[str, Any]:
        """Subscribe to *channel*; the answer tells where it stands."""
        return await self.ask({"type": "subscribe", "channel": channel, **since}, "subscribed")

    def take(self, data: bytes) -> None:
        """Count what is in *data*; publications of this run go to `receive`, answers wait for `answered`.

        Nothing at all means that the other side has closed.
        """
        self.received_bytes += len(data)
        if not data:
            self.ended = self.ended or "connection_lost"
            return
        try:
            for opcode, start, end in self._scanner.feed(data):
                self._take_frame(opcode, self._scanner.payload(start, end))
        except Broken:
            self.ended = "protocol_error"

    def _take_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            notification = self._mark.read(payload)
            if notification is None:
                self._keep(payload)
            else:
                self.received += 1
                self.receive(self, notification)
        elif opcode == PING:
            self._pongs += bytes(self._frames.pong(payload))
        elif opcode == CLOSE:
            self.ended = self.ended or f"closed_{close_code(payload)}"

    def _keep(self, payload: bytes) -> None:
        content = msgspec.json.decode(payload)
        # what others publish to the same channel is of no interest; everything else answers a question of ours
        if content.get("type") != "notification":
            self.answer(content)
            self._answers.append(content)

    async def pong(self) -> None:
        """Answer the pings that were read."""
        if self._pongs:
            said, self._pongs = self._pongs, b""
            await self.pipe.send(said)

    def pong_now(self) -> None:
        """As `pong` on a plain connection, without waiting: one whose buffer is full has other worries."""
        if self._pongs:
            said, self._pongs = self._pongs, b""
            with contextlib.suppress(OSError):
                self.pipe.raw.send(said)

    def leave(self) -> None:
        """Say goodbye where that needs no waiting, and close."""
        if self.pipe.plain and not self.ended:
            with contextlib.suppress(OSError):
                self.pipe.raw.send(bytes(self._frames.close(1000)))
        self.pipe.close()


def nothing(link: Link, notification: Notification) -> None:
    """What to do with publications that nobody waits for."""


async def open_link(door: Door, mark: Mark, receive: Receive = nothing) -> Link:
    """A connection whose WebSocket handshake is done.

    Raises:
        Failed: there is none.
    """
    pipe = await door.open()
    link = Link(pipe, mark, receive)
    try:
        with failures(), trio.fail_after(ANSWER_SECONDS):
            if rest := await _upgraded(pipe, door):
                link.take(rest)
    except BaseException:
        pipe.abort()
        raise
    return link


async def _upgraded(pipe: Pipe, door: Door) -> bytes:
    """Ask for the WebSocket; what came behind the answer's head."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    await pipe.send(
        f"GET {door.place.path} HTTP/1.1\r\nHost: {door.place.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        received = await pipe.read()
        head += received
        if not received or len(head) > _MOST_HEAD_BYTES:
            raise Failed("connection_lost" if not received else "protocol_error")
    head, _, rest = head.partition(b"\r\n\r\n")
    status = head[9:12].decode("latin-1")
    if not head.startswith(b"HTTP/1.1 101"):
        raise Failed(f"http_{status}" if status.isdigit() else "protocol_error")
    return rest


def _refuse_error(content: dict[str, Any]) -> None:
    if content.get("type") == "error":
        retry_after = float(content.get("retryAfter") or 0.0)
        detail = str(content.get("message", ""))
        raise Failed(str(content.get("code")), gone=False, detail=detail, retry_after_seconds=retry_after)
