"""Where the workers of one daemon are found, beside its admin socket."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from notifyd.app.problems import CannotStart
from notifyd.config.places import MOST_SOCKET_BYTES

if TYPE_CHECKING:
    from pathlib import Path


def admin_socket(first: Path, index: int) -> Path:
    """The admin socket of worker *index*, *first* being that of the daemon, which worker 0 answers."""
    return first if index == 0 else first.with_name(f"{first.stem}-{index}{first.suffix}")


def edge_socket(first: Path, index: int) -> Path:
    """Where worker *index* takes requests that came to another one."""
    return first.with_name(f"{first.stem}-{index}.edge")


def edge_sockets(first: Path, count: int) -> list[Path]:
    """Those of all."""
    return [edge_socket(first, index) for index in range(count)]


def sockets_of(first: Path, count: int) -> list[Path]:
    """Every socket that workers make, but for the admin socket of the daemon itself.

    Raises:
        CannotStart: their paths are too long for the kernel.
    """
    places = [admin_socket(first, index) for index in range(1, count)] + edge_sockets(first, count)
    longest = max(places, key=lambda path: len(os.fsencode(path)))
    if len(os.fsencode(longest)) > MOST_SOCKET_BYTES:
        raise CannotStart(
            f"the path of a worker's socket, {longest}, is longer than the {MOST_SOCKET_BYTES} bytes that the kernel "
            "takes; choose a shorter admin socket with --socket or server.admin_socket"
        )
    return places
