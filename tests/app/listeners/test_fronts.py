from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.app.listeners.fronts import Fronts, Ports
from notifyd.ingress.edge.settings import ConnectionSettings
from notifyd.ingress.edge.socketio.settings import SocketIoSettings
from notifyd.ingress.rpc.tcp import Identity
from notifyd.model.disconnect import DRAINED
from tests.app.composed import loaded_with

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = Identity(b"chain", b"key")


class Front:
    """Any of the servers; notes what is asked of it, and takes its time."""

    def __init__(self, name: str, said: list[tuple[object, ...]], seconds: float = 0.0) -> None:
        self._name = name
        self._said = said
        self._seconds = seconds

    async def stop(self, grace_seconds: float = 5.0) -> None:
        await trio.sleep(self._seconds)
        self._said.append((self._name, "stop", grace_seconds))

    def renew(self, identity: Identity) -> None:
        self._said.append((self._name, "renew", identity))


class Edge(Front):
    """HTTP."""

    def configure(self, settings: ConnectionSettings) -> None:
        self._said.append((self._name, "configure", settings))

    async def drain(self, seconds: float) -> None:
        await trio.sleep(self._seconds)
        self._said.append((self._name, "drain", seconds))


class SocketIo(Front):
    """Socket.IO."""

    def configure(self, settings: SocketIoSettings) -> None:
        self._said.append((self._name, "configure", settings))

    def drain(self, code: int, reason: str) -> None:
        self._said.append((self._name, "drain", code, reason))


class LoadedCertificate:
    """What was loaded last."""

    def identity(self) -> Identity:
        return IDENTITY


def fronts(
    said: list[tuple[object, ...]],
    *,
    public: bool = True,
    remote: bool = False,
    tls: bool = True,
    seconds: float = 0.0,
) -> Fronts:
    ports = (Front("public", said, seconds) if public else None, Front("remote", said) if remote else None)
    return Fronts(
        Edge("edge", said, seconds),  # type: ignore[arg-type]
        SocketIo("socketio", said),  # type: ignore[arg-type]
        Front("admin", said),  # type: ignore[arg-type]
        Ports(*ports),  # type: ignore[arg-type]
        LoadedCertificate() if tls else None,  # type: ignore[arg-type]
    )


async def test_transports_are_told_first_and_the_servers_drain_side_by_side(autojump_clock: object) -> None:
    said: list[tuple[object, ...]] = []
    started = trio.current_time()
    await fronts(said, seconds=2.0).drain(3.0)
    assert trio.current_time() - started == 2.0
    assert said[0] == ("socketio", "drain", DRAINED.code, DRAINED.reason)
    assert sorted(said[1:]) == [("edge", "drain", 3.0), ("public", "stop", 3.0)]


async def test_operators_are_let_go_last() -> None:
    said: list[tuple[object, ...]] = []
    every = fronts(said, public=False)
    await every.drain(1.0)
    assert ("admin", "stop", 5.0) not in said
    await every.stop()
    assert said[-1] == ("admin", "stop", 5.0)


async def test_operators_elsewhere_stay_as_long_as_those_here() -> None:
    said: list[tuple[object, ...]] = []
    every = fronts(said, remote=True)
    await every.drain(1.0)
    assert "remote" not in [name for name, *_ in said]
    await every.stop()
    assert sorted(said[-2:]) == [("admin", "stop", 5.0), ("remote", "stop", 5.0)]


def test_operators_elsewhere_get_the_renewed_certificate(tmp_path: Path) -> None:
    said: list[tuple[object, ...]] = []
    fronts(said, public=False, remote=True).configure(loaded_with(tmp_path).settings)
    assert ("remote", "renew", IDENTITY) in said


def test_grpc_is_handed_the_renewed_certificate(tmp_path: Path) -> None:
    said: list[tuple[object, ...]] = []
    fronts(said).configure(loaded_with(tmp_path).settings)
    assert ("public", "renew", IDENTITY) in said


def test_without_grpc_or_tls_there_is_nobody_to_hand_it_to(tmp_path: Path) -> None:
    said: list[tuple[object, ...]] = []
    settings = loaded_with(tmp_path).settings
    fronts(said, public=False).configure(settings)
    fronts(said, tls=False).configure(settings)
    assert "renew" not in [verb for _, verb, *_ in said]


def test_what_may_change_reaches_the_servers(tmp_path: Path) -> None:
    said: list[tuple[object, ...]] = []
    fronts(said).configure(loaded_with(tmp_path, text="[server]\nmax_connections_per_address = 7").settings)
    (_, _, connections), (_, _, socketio) = said[:2]
    assert isinstance(connections, ConnectionSettings)
    assert isinstance(socketio, SocketIoSettings)
    assert (connections.max_connections_per_address, socketio.engine.max_sessions_per_address) == (7, 7)
