"""Whose a path is: WebSocket at the root, Socket.IO, the dialect of the namespaces, or nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.rest.realtime import Realtime
from notifyd.wire.http.answer import Answer

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Service


class Party:
    """Answers everything with its own name, but what it declines."""

    def __init__(self, name: str, *, declines: bool = False) -> None:
        self._answer = None if declines else Answer(200, name.encode())

    def fast(self, request: Request) -> Answer | None:
        return self._answer

    def upgrade(self, request: Request) -> Answer | None:
        return self._answer


def websocket(request: Request) -> Answer:
    return Answer(200, b"websocket")


def request(path: str, method: str = "GET") -> Request:
    raw = path.encode()
    return Request(method, raw, path, raw, b"", "1.1", (), b"", Peer("127.0.0.1", 1))


def answered(decision: Any) -> bytes | None:
    return None if decision is None else bytes(decision.body)


ALL = Realtime(websocket, Party("socketio"), Party("dialect"))


@pytest.mark.parametrize(
    ("path", "party"),
    [
        ("/", b"websocket"),
        ("/socket.io", b"socketio"),
        ("/socket.io/", b"socketio"),
        ("/socket.io//", None),
        ("/socket.iox", None),
        ("/socket.io/1", None),
        ("/client-5f2b", b"dialect"),
        ("/client-", b"dialect"),
        ("/client", None),
        ("//client-5f2b", None),
        ("/api/health", None),
    ],
)
def test_a_handshake_goes_to_its_party(path: str, party: bytes | None) -> None:
    assert answered(ALL.upgrade(request(path))) == party


@pytest.mark.parametrize(("path", "party"), [("/socket.io/", b"socketio"), ("/", None), ("/client-5f2b", None)])
def test_only_socketio_has_plain_requests(path: str, party: bytes | None) -> None:
    assert answered(ALL.fast(request(path, "POST"))) == party


@pytest.mark.parametrize("path", ["/socket.io/", "/client-5f2b"])
def test_a_party_that_is_not_there_answers_nothing(path: str) -> None:
    alone = Realtime(websocket)
    assert alone.upgrade(request(path)) is None
    assert alone.fast(request(path)) is None


def test_socketio_may_be_elsewhere() -> None:
    moved = Realtime(websocket, Party("socketio"), path="/live/io")
    assert answered(moved.fast(request("/live/io/"))) == b"socketio"
    assert moved.fast(request("/socket.io/")) is None


async def test_polling_is_answered_beside_rest(start: StartService) -> None:
    service = await start(realtime=ALL)
    for method in ("GET", "POST", "OPTIONS"):
        assert (await service.call(method, "/socket.io/?EIO=4&transport=polling")).body == b"socketio"
    assert (await service.call("GET", "/api/health")).status == 200


@pytest.mark.parametrize("declines", [True, False])
async def test_what_socketio_declines_is_404(start: StartService, declines: bool) -> None:
    service: Service = await start(realtime=Realtime(websocket, Party("socketio", declines=True) if declines else None))
    reply = await service.call("GET", "/socket.io/")
    assert (reply.status, reply.code) == (404, "not_found")
