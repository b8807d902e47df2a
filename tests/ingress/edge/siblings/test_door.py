from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

import trio

from notifyd.ingress.edge.siblings.door import open_door, read_preface
from notifyd.wire.preface import Preface, encode_preface
from tests.ingress.edge.edge_harness import RawPeer
from tests.ingress.edge.siblings.houses import house

if TYPE_CHECKING:
    from pathlib import Path

PREFACE = Preface("203.0.113.7", 1234, secure=True)


def test_nobody_else_may_knock(tmp_path: Path) -> None:
    path = tmp_path / "0.edge"
    for _ in range(2):  # what lies there is no hindrance
        with open_door(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_only_the_first_line_is_taken() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(encode_preface(PREFACE) + b"GET / HTTP/1.1\r\n")
        assert await read_preface(ours) == PREFACE
        assert ours.recv(100) == b"GET / HTTP/1.1\r\n"


async def test_who_says_nothing_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert await read_preface(ours) is None


async def test_a_stranger_is_shown_out() -> None:
    async with house() as built:
        async with await trio.open_unix_socket(built.doors[0]) as stranger:
            await stranger.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await RawPeer(stranger).rest() == b""
        assert not built.apps[0].requests


async def test_the_preface_says_who_asks() -> None:
    async with house() as built:
        async with await trio.open_unix_socket(built.doors[0]) as sibling:
            await sibling.send_all(encode_preface(PREFACE) + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await sibling.receive_some(100)).startswith(b"HTTP/1.1 404")
        (request,) = built.apps[0].requests
        assert (request.peer, request.secure) == (("203.0.113.7", 1234), True)
