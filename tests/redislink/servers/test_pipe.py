"""What one connection takes for too late."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.redislink.servers.pipe import Pipe
from notifyd.redislink.url import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_AGO = -60.0


class Pair:
    """Stands for a connection that was made, and has its other end."""

    endpoint = Endpoint("server", 1)

    def __init__(self) -> None:
        self.socket, self.server = socket.socketpair()

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()
    made.server.close()


def test_an_answer_that_has_come_counts_however_late_it_is_looked_at(pair: Pair) -> None:
    # as when the process stood still while it waited
    pair.server.sendall(b"+one\r\n$3\r\ntwo\r\n")
    assert Pipe(pair).receive(2, time.monotonic() + LONG_AGO) == [b"one", b"two"]


def test_an_answer_that_has_not_come_is_not_waited_for(pair: Pair) -> None:
    pipe = Pipe(pair)
    with pytest.raises(StoreUnavailable, match="server:1 did not answer in time"):
        pipe.receive(1, time.monotonic() + LONG_AGO)
    assert pipe.is_stale()


def test_an_answer_that_never_ends_is_given_up(pair: Pair) -> None:
    given_up = threading.Event()

    def drip() -> None:
        with suppress(BrokenPipeError):
            pair.server.sendall(b"$1000000\r\n")
            while not given_up.wait(0.0001):
                pair.server.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(StoreUnavailable):
            Pipe(pair).receive(1, time.monotonic() + 0.05)
    finally:
        given_up.set()
        dripping.join()


def test_nothing_is_sent_that_comes_too_late(pair: Pair) -> None:
    with pytest.raises(StoreUnavailable):
        Pipe(pair).send(b"*1\r\n$4\r\nPING\r\n", time.monotonic() + LONG_AGO)
    assert pair.server.recv(1) == b""
