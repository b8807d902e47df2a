"""listen --url --ack against a server that says exactly what a test wants."""

from typing import Any

import pytest
import trio

from notifyctl.listening.places import Places
from tests.cli.listening.test_subscriber import AUTHENTICATED, Server, notification, say, scene, serving, subscribed
from tests.cli.network import Ear, native


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)


def acking(url: str, durable: str = "", **credential: str) -> Ear:
    places = Places(["c"] if "token" not in credential else [], ack=True, durable=durable)
    return native(url, credential or {"apiKey": "key"}, places, [].append)


class Receiver:
    """Knows what had been acked when each came."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.got: list[str] = []

    def __call__(self, publication: dict[str, Any]) -> None:
        assert publication["id"] not in acked(self._server), "acked before it was handed over"
        self.got.append(publication["id"])


def acked(server: Server) -> list[str]:
    said = [message for heard in server.heard for message in heard]
    return [each for message in said if message["type"] == "ack" for each in message["ids"]]


def answering(server: Server, *messages: Any) -> Any:
    """After *messages* hear the acks and answer them."""

    async def play(websocket: Any) -> None:
        await scene(server, *messages)(websocket)
        while True:
            await server.hear(websocket)
            ids = server.heard[-1][-1]["ids"]
            await say(websocket, {"type": "acked", "ids": ids, "acked": len(ids)})

    return play


async def test_each_is_acked_after_it_was_handed_over():
    server = Server()
    server._scenes.append(answering(server, subscribed(0), notification(1), notification(2)))
    async with serving(server) as url:
        receiver = Receiver(server)
        await acking(url).run(receiver, count=2)
    assert (receiver.got, acked(server)) == (["n_1", "n_2"], ["n_1", "n_2"])
    assert server.heard[0][1]["ack"] is True
    assert "durable" not in server.heard[0][1]


async def test_a_lost_ack_is_said_again_and_nothing_is_handed_over_twice():
    server = Server()
    server._scenes += [
        scene(server, subscribed(0), notification(1), close=(1012, "restart")),
        answering(server, subscribed(1), notification(1), notification(2)),
    ]
    async with serving(server) as url:
        receiver = Receiver(server)
        await acking(url, "worker").run(receiver, count=2)
    assert receiver.got == ["n_1", "n_2"]
    assert acked(server) == ["n_1", "n_2"]
    assert [heard[1]["durable"] for heard in server.heard] == ["worker", "worker"]


async def test_the_inbox_of_a_token_is_acked_too():
    server = Server()
    content = {"id": "u_1", "channel": None, "data": {}, "timestamp": "t", "epoch": "i", "offset": 1, "attempt": 2}

    async def play(websocket: Any) -> None:
        position = {"epoch": "i", "offset": 1}
        await say(websocket, {**AUTHENTICATED, "userId": "alice", "position": position, "replayed": 1})
        await say(websocket, {"type": "notification", "notification": content})
        await server.hear(websocket)
        await say(websocket, {"type": "acked", "ids": ["u_1"], "acked": 1})
        await trio.sleep_forever()

    server._scenes.append(play)
    got: list[Any] = []

    async with serving(server) as url:
        await acking(url, token="t").run(got.append, count=1)
    assert server.heard[0] == [{"type": "authenticate", "token": "t", "ack": True}, {"type": "ack", "ids": ["u_1"]}]
    assert (got[0]["userId"], got[0]["attempt"]) == ("alice", 2)
