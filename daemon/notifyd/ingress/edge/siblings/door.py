"""The socket at which the other workers of this daemon knock, and who they say that they come with."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.edge.link import SocketLink
from notifyd.wire.preface import MAX_PREFACE_BYTES, Preface, decode_preface

if TYPE_CHECKING:
    from pathlib import Path

_PREFACE_SECONDS: Final = 5.0
_BACKLOG: Final = 4096


class TunnelledLink(SocketLink):
    """The link to a sibling, which tells whether the peer behind it speaks TLS."""

    __slots__ = ("_secure",)

    def __init__(self, connection: socket.socket, *, secure: bool) -> None:
        super().__init__(connection)
        self._secure = secure

    @property
    def secure(self) -> bool:  # type: ignore[override]
        """See `Link`."""
        return self._secure


def open_door(path: Path) -> socket.socket:
    """Listen at *path*, which this user alone may open; what lies there of a worker that was killed goes.

    Raises:
        OSError: it cannot be made there.
    """
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # the mask is the only way to have the socket made with its final mode
    before = os.umask(0o177)
    try:
        door.setblocking(False)
        door.bind(str(path))
        door.listen(_BACKLOG)
    except BaseException:
        door.close()
        raise
    finally:
        os.umask(before)
    return door


async def read_preface(connection: socket.socket) -> Preface | None:
    """The first line of *connection*, and nothing behind it; None where none comes that is one."""
    with trio.move_on_after(_PREFACE_SECONDS):
        await trio.lowlevel.wait_readable(connection)
        try:
            # whoever comes sends it in one piece, together with what follows
            seen = connection.recv(MAX_PREFACE_BYTES, socket.MSG_PEEK)
            end = seen.find(b"\n") + 1
            return decode_preface(connection.recv(end)) if end else None
        except (OSError, ValueError):
            return None
    return None
