"""What the supervisor and a worker say to each other, and the socket over which they do."""

from __future__ import annotations

import socket
from typing import Literal, TypeVar

import msgspec
import trio

from notifyd.service.daemon import Listener

MAX_BYTES = 1 << 20

Message = TypeVar("Message", bound=msgspec.Struct)


class Start(msgspec.Struct, frozen=True):
    """The first message to a worker: who it is, and from what it takes its settings."""

    index: int
    count: int
    #: The process that looks after it.
    supervisor: int
    #: The admin socket of the daemon; those of the workers follow from it.
    socket: str
    #: As `--config` gave it.
    config: str | None
    #: As `load_settings` takes them.
    flags: dict[str, str]
    dev: bool
    #: By key of the setting, for those that left the choice of the port to the kernel.
    ports: dict[str, int]
    #: The master key was made a moment ago.
    fresh_master_key: bool = False
    #: All have served already: this one takes the place of another.
    late: bool = False


class Order(msgspec.Struct, frozen=True):
    """What a worker has to do."""

    #: serving: all are up, and so is the daemon.
    do: Literal["drain", "hurry", "reload", "serving"]
    #: Over how many seconds to drain; None: the setting.
    seconds: float | None = None


class News(msgspec.Struct, frozen=True):
    """What a worker tells."""

    #: drain, reload: an operator asked it, and all are meant. reloaded: it has done as it was ordered.
    news: Literal["ready", "alive", "drain", "reload", "reloaded"]
    #: With drain: over how many seconds; None: the setting.
    seconds: float | None = None
    #: With reloaded: why the configuration is not in force; "" where it is.
    problem: str = ""
    #: With ready: what it listens on.
    listeners: list[Listener] = msgspec.field(default_factory=list)


class MessageSocket:
    """One end of a pair; messages come whole and in order."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end

    def tell(self, message: msgspec.Struct) -> bool:
        """Say something without waiting; False: the other end is gone, or has not listened for long."""
        try:
            self._end.send(msgspec.json.encode(message))
        except OSError:
            return False
        return True

    async def hear(self, kind: type[Message]) -> Message | None:
        """Wait for the next message; None: the other end is gone."""
        while True:
            try:
                data = self._end.recv(MAX_BYTES)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._end)
            except OSError:
                return None
            else:
                return msgspec.json.decode(data, type=kind) if data else None

    def close(self) -> None:
        """Let the other end know that nobody is here any more."""
        if self._end.fileno() >= 0:
            trio.lowlevel.notify_closing(self._end)
            self._end.close()


def message_pair() -> tuple[MessageSocket, socket.socket]:
    """An end to keep, and one to give away."""
    # SEQPACKET keeps messages apart and, unlike DGRAM, tells when the other end is gone
    kept, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return MessageSocket(kept), given
