"""One that speaks the plain JSON protocol with a connection, without a socket between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import trio

from notifyd.ingress.edge.native.connection import NativeConnection

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from notifyd.ingress.edge.native.services import NativeRules, NativeServices


class Outbox:
    """Keeps texts, and refuses once it holds `limit` frames."""

    def __init__(self) -> None:
        self.texts: list[Any] = []
        self.limit = 1000
        self.waits = 0

    def put(self, frames: bytes) -> bool:
        if len(self.texts) >= self.limit:
            return False
        self.texts += _texts(frames)
        return True

    async def drained(self) -> bool:
        self.waits += 1
        await trio.lowlevel.checkpoint()
        return True


def _texts(frames: bytes) -> list[Any]:
    found = []
    while frames:
        assert frames[0] == 0x81, "whole text frames"
        at, length = (2, frames[1]) if frames[1] < 126 else (4, int.from_bytes(frames[2:4], "big"))
        found.append(json.loads(frames[at : at + length]))
        frames = frames[at + length :]
    return found


class Socket:
    """The edge's handle on a connection, as far as the protocol uses it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.closes: list[tuple[int, str]] = []
        self.pings: list[bytes] = []
        self.pending_bytes = 11
        self.sent_bytes = 22

    def put(self, frame: bytes) -> bool:
        return self.outbox.put(frame)

    def ping(self, payload: bytes = b"") -> bool:
        self.pings.append(payload)
        return True

    def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


class Browser:
    """Speaks the protocol with one connection."""

    def __init__(self, services: NativeServices, rules: NativeRules) -> None:
        self.socket = Socket()
        self.native = NativeConnection(services, rules, "192.0.2.7")
        self.native.opened(self.socket)  # type: ignore[arg-type]

    @property
    def said(self) -> list[Any]:
        """What it was sent since the last look."""
        texts, self.socket.outbox.texts = self.socket.outbox.texts, []
        return texts

    async def send(self, *messages: dict[str, Any] | bytes) -> list[Any]:
        """The answers to pipelined messages."""
        await self.send_only(*messages)
        return self.said

    async def send_only(self, *messages: dict[str, Any] | bytes) -> None:
        """Leave the answers for the next look."""
        for message in messages:
            text = message if isinstance(message, bytes) else json.dumps(message).encode()
            await finished(self.native.text(text))
        await finished(self.native.taken())

    async def ask(self, type_: str, **fields: Any) -> Any:
        """The one answer to one message."""
        (answer,) = await self.send({"type": type_, **fields})
        return answer


async def finished(step: Coroutine[Any, Any, None] | None) -> None:
    if step is not None:
        await step
