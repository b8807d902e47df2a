from __future__ import annotations

import trio

from notifyd.app.fronts import Fronts
from notifyd.ingress.rpc.public.server import Identity
from notifyd.model.disconnect import DRAINED

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

    async def drain(self, seconds: float) -> None:
        await trio.sleep(self._seconds)
        self._said.append((self._name, "drain", seconds))


class SocketIo(Front):
    """Socket.IO."""

    def drain(self, code: int, reason: str) -> None:
        self._said.append((self._name, "drain", code, reason))


class LoadedCertificate:
    """What was loaded last."""

    def identity(self) -> Identity:
        return IDENTITY


def fronts(said: list[tuple[object, ...]], *, public: bool = True, tls: bool = True, seconds: float = 0.0) -> Fronts:
    return Fronts(
        Edge("edge", said, seconds),  # type: ignore[arg-type]
        SocketIo("socketio", said),  # type: ignore[arg-type]
        Front("admin", said),  # type: ignore[arg-type]
        Front("public", said, seconds) if public else None,  # type: ignore[arg-type]
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


def test_grpc_is_handed_the_renewed_certificate() -> None:
    said: list[tuple[object, ...]] = []
    fronts(said).renew_certificate()
    assert said == [("public", "renew", IDENTITY)]


def test_without_grpc_or_tls_there_is_nobody_to_hand_it_to() -> None:
    said: list[tuple[object, ...]] = []
    fronts(said, public=False).renew_certificate()
    fronts(said, tls=False).renew_certificate()
    assert said == []
