"""Taking connections."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from notifyd.ingress.edge.listener import Admission, accept_forever, open_sockets
from notifyd.ingress.edge.settings import ConnectionSettings
from notifyd.ingress.edge.state import EdgeCounts
from tests.ingress.edge.edge_harness import GET, serving


def test_a_free_port_is_taken() -> None:
    (listening,) = open_sockets("127.0.0.1", 0)
    with listening:
        assert listening.getsockname()[1] > 0
        assert not listening.getblocking()
        with pytest.raises(OSError, match="in use"):
            open_sockets("127.0.0.1", listening.getsockname()[1])


def test_a_name_with_several_addresses_has_one_port() -> None:
    sockets = open_sockets("localhost", 0)
    ports = {listening.getsockname()[1] for listening in sockets}
    for listening in sockets:
        listening.close()
    assert len(ports) == 1


async def test_accepted_sockets_do_not_delay() -> None:
    (listening,) = open_sockets("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()):
        await trio.lowlevel.wait_readable(listening)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def admission(**limits: int) -> Admission:
    return Admission(ConnectionSettings(**limits), EdgeCounts())


def test_connections_are_bounded() -> None:
    door = admission(max_connections=2)
    assert [door.admit("127.0.0.1") for _ in range(3)] == [True, True, False]
    door.release("127.0.0.1")
    assert door.admit("127.0.0.1")


def test_connections_of_an_address_are_bounded_but_not_of_loopback() -> None:
    door = admission(max_connections_per_address=1)
    assert [door.admit("10.0.0.1"), door.admit("10.0.0.1"), door.admit("10.0.0.2")] == [True, False, True]
    for host in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert [door.admit(host), door.admit(host)] == [True, True]
    door.release("10.0.0.1")
    assert door.admit("10.0.0.1")


def test_no_address_is_remembered_for_ever() -> None:
    door = admission(max_connections_per_address=5)
    for number in range(10):
        door.admit(f"10.0.0.{number}")
        door.admit(f"10.0.0.{number}")
        door.release(f"10.0.0.{number}")
        door.release(f"10.0.0.{number}")
    assert door.addresses == 0


async def test_one_too_many_is_told() -> None:
    async with serving(connections={"max_connections": 1}) as served, served.connect() as first:
        await first.ask(GET)
        async with served.connect() as second:
            assert (await second.answer()).status == 503
            assert await second.rest() == b""
        assert served.server.counts.refused == 1
        assert (await first.ask(GET)).status == 200


class Exhausted:
    """A listening socket whose kernel has no more descriptors at first."""

    def __init__(self, real: socket.socket, errors: list[int]) -> None:
        self.real = real
        self.errors = errors

    def fileno(self) -> int:
        return self.real.fileno()

    def accept(self) -> Any:
        if self.errors:
            raise OSError(self.errors.pop(), "as the kernel says")
        return self.real.accept()


async def test_the_listener_survives_what_the_kernel_may_say(nursery: trio.Nursery) -> None:
    (listening,) = open_sockets("127.0.0.1", 0)
    taken: list[socket.socket] = []
    counts = EdgeCounts()
    errors = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ECONNABORTED, errno.EPERM]
    settings = ConnectionSettings(accept_backoff_seconds=0.01)
    got = trio.Event()

    def take(connection: socket.socket, peer: Any) -> None:
        taken.append(connection)
        got.set()

    with capture_logs() as logs, listening, socket.create_connection(listening.getsockname()):
        nursery.start_soon(accept_forever, Exhausted(listening, errors), take, settings, counts)
        with trio.fail_after(20):
            await got.wait()
        nursery.cancel_scope.cancel()
    taken[0].close()
    assert counts.accept_errors == 5
    assert [line["event"] for line in logs] == ["accept_failed"] * 3


async def test_a_closed_listener_ends_its_task() -> None:
    (listening,) = open_sockets("127.0.0.1", 0)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_forever, listening, lambda *_: None, ConnectionSettings(), EdgeCounts())
            await trio.testing.wait_all_tasks_blocked()
            trio.lowlevel.notify_closing(listening)
            listening.close()
