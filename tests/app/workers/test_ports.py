from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.app.problems import CannotStart
from notifyd.app.workers.ports import KeptPorts, with_ports
from notifyd.config import Settings
from notifyd.ingress.edge.listener import open_sockets

if TYPE_CHECKING:
    from collections.abc import Iterator


def settings(**server: object) -> Settings:
    base = Settings()
    return replace(base, server=replace(base.server, **{"port": 0, "ws_port": 0, "grpc_port": 0, **server}))


@pytest.fixture
def kept() -> Iterator[KeptPorts]:
    ports = KeptPorts()
    yield ports
    ports.let_go()


def test_open_ports_are_chosen_once_for_all(kept: KeptPorts) -> None:
    kept.keep(settings())
    assert set(kept.chosen) == {"server.port", "server.ws_port", "server.grpc_port"}
    assert len(set(kept.chosen.values())) == 3
    server = with_ports(settings(), kept.chosen).server
    assert (server.port, server.ws_port, server.grpc_port) == tuple(kept.chosen.values())


def test_a_port_that_was_given_is_not_replaced(kept: KeptPorts) -> None:
    kept.keep(settings())
    assert with_ports(settings(port=3000), kept.chosen).server.port == 3000


def test_what_is_switched_off_has_no_port(kept: KeptPorts) -> None:
    kept.keep(settings(ws_port_enabled=False))
    assert "server.ws_port" not in kept.chosen


def test_what_is_kept_takes_no_connection_away_from_the_workers(kept: KeptPorts) -> None:
    kept.keep(settings())
    port = kept.chosen["server.port"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    (worker,) = open_sockets("127.0.0.1", port, shared=True)
    with worker:
        for _ in range(20):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            worker.accept()[0].close()


def test_connections_are_spread_over_the_workers(kept: KeptPorts) -> None:
    kept.keep(settings())
    port = kept.chosen["server.port"]
    workers = [open_sockets("127.0.0.1", port, shared=True)[0] for _ in range(2)]
    peers = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(200)]
    counts = [0, 0]
    for index, worker in enumerate(workers):
        with worker:
            while True:
                try:
                    worker.accept()[0].close()
                except BlockingIOError:
                    break
                counts[index] += 1
    for peer in peers:
        peer.close()
    assert sum(counts) == 200
    assert min(counts) > 40


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_somebody_serves_is_named(kept: KeptPorts, shared: bool) -> None:
    (other,) = open_sockets("127.0.0.1", 0, shared=shared)
    with other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"127.0.0.1:{port} \(server.ws_port\): Address already in use"):
            kept.keep(settings(ws_port=port))


def test_nobody_else_can_take_what_is_kept(kept: KeptPorts) -> None:
    kept.keep(settings())
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", kept.chosen["server.port"]))


def test_the_port_for_operators_elsewhere_is_kept_too(kept: KeptPorts) -> None:
    wanted = settings()
    wanted = replace(wanted, admin=replace(wanted.admin, remote=True, remote_port=0))
    kept.keep(wanted)
    port = kept.chosen["admin.remote_port"]
    assert port not in (0, kept.chosen["server.port"])
    assert with_ports(wanted, kept.chosen).admin.remote_port == port
    fixed = replace(wanted, admin=replace(wanted.admin, remote_port=50_052))
    assert with_ports(fixed, kept.chosen).admin.remote_port == 50_052
