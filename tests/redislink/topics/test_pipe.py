"""When a silent server is given up, on a pair of sockets. A patience of no time makes each look the last one."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.redislink.topics.pipe import TopicPipe
from notifyd.redislink.url import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

PING = b"*1\r\n$4\r\nPING\r\n"
PONG = b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"


class Joined:
    """What a pipe is made over."""

    endpoint = Endpoint("127.0.0.1", 6379)

    def __init__(self) -> None:
        self.socket, self.server = socket.socketpair()
        self.server.settimeout(10)

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def joined() -> Iterator[Joined]:
    made = Joined()
    with made.socket, made.server:
        yield made


def piped(joined: Joined, seconds: float) -> TopicPipe:
    return TopicPipe(joined, timeout_seconds=seconds, group=lambda _: 0)  # type: ignore[arg-type]


def test_one_that_was_not_asked_is_not_silent(joined: Joined) -> None:
    pipe = piped(joined, 0)
    pipe.check()
    assert joined.server.recv(100) == PING


def test_one_that_does_not_answer_is_given_up(joined: Joined) -> None:
    pipe = piped(joined, 0)
    pipe.check()
    with pytest.raises(StoreUnavailable, match="it is silent"):
        pipe.check()


def test_an_answer_that_is_not_read_yet_is_one(joined: Joined) -> None:
    pipe = piped(joined, 0)
    pipe.check()
    joined.server.sendall(PONG)
    pipe.check()
    assert pipe.read() == ([], 0)
    pipe.check()
    assert joined.server.recv(100) == PING * 2


def test_nothing_is_asked_before_it_is_time(joined: Joined) -> None:
    pipe = piped(joined, 3600)
    pipe.check()
    joined.server.setblocking(False)
    with pytest.raises(BlockingIOError):
        joined.server.recv(100)
