"""listen over Socket.IO against a server that says exactly what a test wants."""

import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, serve_websocket

from notifyctl.exits import Refusal, Status
from notifyctl.listening.places import Places
from notifyctl.listening.subscribing.packets import transport_url
from notifyctl.listening.subscribing.socketio import SocketIo
from tests.cli.network import FOREVER, Ear

NAMESPACE = "/client-shop"
AUTH = {"clientId": "shop", "token": "t"}
Scene = Callable[["Peer"], Awaitable[None]]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)
    monkeypatch.setattr("notifyctl.listening.link._CLOSE_SECONDS", 0.01)


class Peer:
    """The server's side of one connection."""

    def __init__(self, websocket: Any) -> None:
        self._websocket = websocket
        self.heard: list[Any] = []

    async def say(self, text: str) -> None:
        await self._websocket.send_message(text)

    async def open(self, interval: int = 25000, timeout: int = 20000) -> None:
        await self.say("0" + json.dumps({"sid": "x", "pingInterval": interval, "pingTimeout": timeout}))

    async def hear(self) -> Any:
        """The payload of the next packet of the namespace."""
        text = await self._websocket.get_message()
        head, _, body = text.partition(",")
        assert head == f"4{text[1]}{NAMESPACE}", text
        self.heard.append(json.loads(body.lstrip("0123456789")))
        return self.heard[-1]

    async def let_in(self, pid: str = "p") -> Any:
        await self.open()
        auth = await self.hear()
        await self.say(f"40{NAMESPACE},{json.dumps({'sid': 's', 'pid': pid})}")
        return auth

    async def notify(self, number: int, place: str = "", ask: str = "", **more: Any) -> None:
        fields = {"n": number, "notificationId": f"n_{number}", "timestamp": "t", **more}
        tail = [place] if place else []
        await self.say(f"42{NAMESPACE},{ask}{json.dumps(['notification', fields, *tail])}")

    async def close(self, code: int, reason: str = "") -> None:
        await self._websocket.aclose(code, reason)


@asynccontextmanager
async def serving(*scenes: Scene) -> AsyncIterator[tuple[str, list[Peer]]]:
    left, peers = list(scenes), list[Peer]()

    async def answer(request: Any) -> None:
        peers.append(Peer(await request.accept()))
        with suppress(ConnectionClosed):
            await left.pop(0)(peers[-1])

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            listening = await nursery.start(functools.partial(serve_websocket, answer, "127.0.0.1", 0, None))
            yield f"http://127.0.0.1:{listening.port}", peers
            nursery.cancel_scope.cancel()


def an_ear(url: str, places: Places, notes: list[str]) -> Ear:
    conversation = SocketIo(transport_url(url, "/socket.io"), NAMESPACE, AUTH, places, note=notes.append)
    return Ear(conversation, places, notes.append)


async def listened(*scenes: Scene, places: Places | None = None, count: int | None = None) -> Any:
    """What came, the notes, and what the server heard, by connection."""
    got, notes = list[Any](), list[str]()
    async with serving(*scenes) as (url, peers):
        await an_ear(url, places or Places([]), notes).run(got.append, FOREVER, count)
    return got, notes, [peer.heard for peer in peers]


async def test_it_recovers_its_state_as_a_stock_client_does():
    async def first(peer: Peer) -> None:
        await peer.let_in("p1")
        await peer.notify(1, "e:1")
        await peer.notify(2, "e:2")
        await peer.close(1012, "drain")

    async def second(peer: Peer) -> None:
        await peer.let_in("p1")
        await peer.notify(3, "e:3")
        await peer.close(1000)

    got, notes, heard = await listened(first, second)
    assert [each["data"]["n"] for each in got] == [1, 2, 3]
    assert [each[0] for each in heard] == [AUTH, {**AUTH, "pid": "p1", "offset": "e:2"}]
    assert notes == ["The daemon closed the connection: 1012 drain. Trying again.", "Listening again."]


async def test_what_cannot_be_recovered_is_said_and_nothing_is_printed_twice():
    async def first(peer: Peer) -> None:
        await peer.let_in("p1")
        await peer.notify(1, "e:1")
        await peer.close(4008, "slow")

    async def second(peer: Peer) -> None:
        await peer.let_in("p2")
        await peer.notify(1, "f:1")
        await peer.notify(2, "f:2")
        await peer.close(1001)

    async def third(peer: Peer) -> None:
        await peer.let_in("p2")
        await peer.close(1000)

    got, notes, heard = await listened(first, second, third)
    assert [each["data"]["n"] for each in got] == [1, 2]
    assert [note for note in notes if "recovered is false" in note]
    assert heard[2][0] == {**AUTH, "pid": "p2", "offset": "f:2"}


async def test_channels_resume_at_their_positions():
    async def answered(peer: Peer, offset: int, **more: Any) -> Any:
        await peer.let_in()
        asked = await peer.hear()
        position = {"epoch": "e", "offset": offset}
        await peer.say(f"43{NAMESPACE},1{json.dumps([{'success': True, 'position': position, **more}])}")
        return asked

    async def first(peer: Peer) -> None:
        await answered(peer, 4)
        await peer.notify(5, channel="c", epoch="e", offset=5)
        await peer.close(1001)

    async def second(peer: Peer) -> None:
        await answered(peer, 9, recovered=False, replayed=0)
        await peer.close(1000)

    got, notes, heard = await listened(first, second, places=Places(["c"]))
    assert [(each["channel"], each["offset"]) for each in got] == [("c", 5)]
    assert [each[1] for each in heard] == [
        ["subscribe", {"channel": "c"}],
        ["subscribe", {"channel": "c", "since": {"epoch": "e", "offset": 5}}],
    ]
    assert "recovered is false" in notes[-1]


async def test_the_heartbeat_is_answered():
    async def play(peer: Peer) -> None:
        await peer.let_in()
        await peer.say("2")
        assert await peer._websocket.get_message() == "3"
        await peer.close(1000, "done")

    await listened(play)


async def test_a_server_that_falls_silent_is_left():
    async def silent(peer: Peer) -> None:
        await peer.open(20, 30)
        await peer.hear()
        await peer.say(f'40{NAMESPACE},{{"sid":"s","pid":"p"}}')
        await trio.sleep_forever()

    async def back(peer: Peer) -> None:
        await peer.let_in()
        await peer.close(1000)

    _, notes, _ = await listened(silent, back)
    assert notes[0] == "The link is dead: nothing came for 0.05 s. Trying again."


async def test_acks_go_out_after_it_was_done_and_refusals_with_their_reason():
    async def play(peer: Peer) -> None:
        await peer.let_in()
        for number in (1, 2):
            await peer.notify(number, ask=str(number))
            event, _argument = await peer.hear()
            await peer.say(f"43{NAMESPACE},{number}{json.dumps([{'success': True, event + 'ed': 1}])}")
        await trio.sleep_forever()

    notes, places = list[str](), Places([], user="alice", ack=True, at_once=1)
    async with serving(play) as (url, peers):
        await an_ear(url, places, notes).run(lambda each: "broken" if each["data"]["n"] == 1 else "", FOREVER, 2)
    assert peers[0].heard == [
        {**AUTH, "ack": True, "maxUnacked": 1},
        ["nack", {"ids": ["n_1"], "reason": "broken"}],
        ["ack", {"ids": ["n_2"]}],
    ]


async def refused(scene: Scene, places: Places | None = None) -> Refusal:
    async with serving(scene) as (url, _):
        with pytest.raises(Refusal) as caught:
            await an_ear(url, places or Places([]), []).run(print)
    return caught.value


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (f'44{NAMESPACE},{{"message":"no","data":{{"code":"token_expired"}}}}', Status.DENIED, "token_expired"),
        (
            f'44{NAMESPACE},{{"message":"no","data":{{"code":"client_not_found"}}}}',
            Status.NOT_FOUND,
            "client_not_found",
        ),
        (f'44{NAMESPACE},{{"message":"no"}}', Status.FAILED, "denied"),
        ("4nonsense", Status.FAILED, "not_notifyd"),
    ],
)
async def test_who_is_not_let_in(said: str, status: Status, code: str):
    async def play(peer: Peer) -> None:
        await peer.open()
        await peer.hear()
        await peer.say(said)
        await trio.sleep_forever()

    refusal = await refused(play)
    assert (refusal.status, refusal.code) == (status, code)


async def test_another_protocol_is_told():
    async def play(peer: Peer) -> None:
        await peer.say('{"type":"connected"}')
        await trio.sleep_forever()

    refusal = await refused(play)
    assert (refusal.status, "begins with ws://" in refusal.message) == (Status.FAILED, True)


async def test_an_ending_for_good_is_final():
    async def play(peer: Peer) -> None:
        await peer.let_in()
        ending = {"status": "error", "code": 4005, "reason": "kicked", "reconnect": False}
        await peer.say(f"42{NAMESPACE},{json.dumps(['exception', ending])}")
        await trio.sleep_forever()

    refusal = await refused(play)
    assert (refusal.status, refusal.code, "kicked" in refusal.message) == (Status.DENIED, "closed_4005", True)


async def test_a_refused_subscribe_is_final():
    async def play(peer: Peer) -> None:
        await peer.let_in()
        await peer.hear()
        problem = {"success": False, "error": {"code": "scope_missing", "message": "not yours"}}
        await peer.say(f"43{NAMESPACE},1{json.dumps([problem])}")
        await trio.sleep_forever()

    refusal = await refused(play, Places(["c"]))
    assert (refusal.status, refusal.message) == (Status.DENIED, "not yours")
