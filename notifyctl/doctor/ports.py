"""Whether a daemon that is not there could bind its ports, and who has them instead."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyd.config import Settings

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING: Final = "0A"
_FAMILIES: Final = {True: socket.AF_INET6, False: socket.AF_INET}


def ports_of(settings: Settings) -> list[tuple[str, int]]:
    """The settings that name a port, with their values; without those that take any."""
    server, grpc = settings.server, settings.grpc
    named = [("server.port", server.port)]
    if server.ws_port_enabled:
        named.append(("server.ws_port", server.ws_port))
    if grpc.enabled:
        named.append(("server.grpc_port", server.grpc_port))
    return [(key, port) for key, port in named if port]


def obstacles(host: str, ports: list[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    """Why a port cannot be bound, and what to do, for each that cannot."""
    for key, port in ports:
        problem = _refusal(host, port)
        if problem is not None:
            yield _told(host, key, port, problem)


def _refusal(host: str, port: int) -> OSError | None:
    try:
        with socket.socket(_FAMILIES[":" in host], socket.SOCK_STREAM) as tried:
            # a daemon binds so too: what is only waiting to be forgotten is not in the way
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen(1)
    except OSError as exc:
        return exc
    return None


def _told(host: str, key: str, port: int, problem: OSError) -> tuple[str, str]:
    place = f"{host}:{port} ({key})"
    if problem.errno == errno.EADDRINUSE:
        who = holder(port)
        return f"{place} is taken{f' by {who}' if who else ''}", f"end what has it, or set {key} to another port"
    if problem.errno in (errno.EACCES, errno.EPERM):
        advice = f"set {key} above 1023, or give the daemon CAP_NET_BIND_SERVICE (the systemd unit can)"
        return f"{place} may not be bound by this user", advice
    said = (problem.strerror or str(problem)).lower()
    return f"{place} cannot be bound: {said}", "correct server.host: it is to be an address of this machine"


def holder(port: int) -> str:
    """Who listens on *port*, as `nginx (process 17)`; "" where this user may not know."""
    sockets = {inode for table in _TABLES for inode in _listening(table, port)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if not sockets.isdisjoint(_open(process / "fd")):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def _open(descriptors: Path) -> Iterator[str]:
    for each in descriptors.iterdir():
        # some are closed meanwhile, at least the one that lists them
        with suppress(FileNotFoundError):
            yield os.readlink(each)


def _listening(table: Path, port: int) -> Iterator[str]:
    with suppress(OSError):
        for line in table.read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"
