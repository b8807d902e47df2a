"""The plain JSON dialect: what wscat and Postman are told, and what they may say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.namespaces.dialect import DialectConnection
from notifyd.ingress.edge.namespaces.dialect_app import DialectApp, PendingVisit
from notifyd.model.disconnect import DEAD_LINK
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.namespaces.house import Away, finished, handshake, publish
from tests.ingress.edge.native.browser import Socket

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from tests.service.node import Node

PATH = f"/client-{DEFAULT_CLIENT}"


class Terminal:
    """A person with wscat."""

    def __init__(self, upgrade: object) -> None:
        assert isinstance(upgrade, Upgrade)
        self.socket = Socket()
        self.handler: Any = upgrade.handler
        self.handler.opened(self.socket)

    @property
    def said(self) -> list[Any]:
        """What came since the last look; pings are answered, and what they bring is said too."""
        texts: list[Any] = []
        while self.socket.outbox.texts or self.socket.pings:
            texts += self.socket.outbox.texts
            self.socket.outbox.texts = []
            pings, self.socket.pings = self.socket.pings, []
            for payload in pings:
                self.handler.pong(payload)
        return texts

    async def send(self, *messages: dict[str, Any] | bytes) -> list[Any]:
        for message in messages:
            await finished(self.handler.text(message if isinstance(message, bytes) else json.dumps(message).encode()))
        return self.said


@pytest.fixture
def app(services: NamespaceServices, rules: NamespaceRules) -> DialectApp:
    return DialectApp(services, rules)


def documented(node: Node, user_id: str = "alice", **more: str) -> Any:
    """The handshake that both programs are documented to make."""
    query = f"EIO=4&transport=websocket&clientId={DEFAULT_CLIENT}&token={node.token(user_id)}"
    return handshake(PATH, "&".join((query, *(f"{name}={value}" for name, value in more.items()))))


@pytest.fixture
def terminal(node: Node, app: DialectApp) -> Terminal:
    terminal = Terminal(app.upgrade(documented(node)))
    (greeting,) = terminal.said
    assert greeting["event"] == "connected"
    return terminal


async def test_the_greeting_names_the_connection(node: Node, app: DialectApp) -> None:
    (greeting,) = Terminal(app.upgrade(documented(node))).said
    data = {"socketId": node.hub.connections()[0].id, "clientId": "default", "userId": "alice"}
    assert greeting == {"event": "connected", "data": data}


async def test_the_documented_message_reaches_everybody(node: Node, terminal: Terminal) -> None:
    text = b'{"event":"notification-job","data":{"payload":{"message":"Test"},"sockets":[]}}'
    assert await terminal.send(text) == []
    await node.dispatch()
    (told,) = terminal.said
    assert (told["event"], told["data"]["message"], sorted(told["data"])) == (
        "notification",
        "Test",
        ["message", "notificationId", "timestamp"],
    )


async def test_an_id_asks_for_an_answer(node: Node, terminal: Terminal) -> None:
    good, bad = await terminal.send(
        {"event": "notification-job", "data": {"data": 5}, "id": "a"}, {"event": "notification-job", "id": 7}
    )
    assert (good["event"], good["id"], good["data"]["success"], good["data"]["status"]) == (
        "ack",
        "a",
        True,
        "accepted",
    )
    assert (bad["event"], bad["id"], bad["data"]["error"]["code"]) == ("ack", 7, "invalid_message")
    await node.dispatch()
    assert terminal.said[0]["data"]["data"] == 5


async def test_a_ping_is_answered(terminal: Terminal) -> None:
    assert await terminal.send({"event": "ping"}) == [{"event": "pong"}]
    assert await terminal.send({"event": "ping", "data": "hello", "id": 1}) == [
        {"event": "ack", "id": 1, "data": "hello"},
        {"event": "pong", "data": "hello"},
    ]


async def test_what_waited_comes_after_the_greeting_and_its_arrival_counts(node: Node, app: DialectApp) -> None:
    await publish(node, 1, users=("alice",))
    greeting, told = Terminal(app.upgrade(documented(node))).said
    assert (greeting["event"], told["data"]["n"]) == ("connected", 1)
    assert node.broker.inbox.since(DEFAULT_CLIENT, UserId("alice"), now=0).publications == []


async def test_a_long_inbox_comes_page_by_page(node: Node, app: DialectApp, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    for number in range(30):
        await publish(node, number, users=("alice",))
    terminal = Terminal(app.upgrade(documented(node)))
    assert len(terminal.socket.outbox.texts) < 10
    await publish(node, 30, users=("alice",))
    assert [told["data"]["n"] for told in terminal.said[1:]] == list(range(31))


async def test_a_heartbeat_asks_again_for_the_page_that_is_under_way(
    node: Node, app: DialectApp, rules: NamespaceRules
) -> None:
    rules.page_bytes = 1000
    for number in range(30):
        await publish(node, number, users=("alice",))
    terminal = Terminal(app.upgrade(documented(node)))
    terminal.handler.ping()
    first, again = terminal.socket.pings
    assert first == again
    terminal.handler.pong(b"12345")
    assert len(terminal.socket.pings) == 2, "somebody else's pong proves nothing"


@pytest.mark.parametrize(
    ("query", "refused", "closed"),
    [
        ("clientId=default", "token_missing", 4003),
        ("token=x", "invalid_token", 4003),
        ("clientId=other&token=x", "client_mismatch", 4003),
    ],
)
async def test_who_may_not_come_in_is_told_over_the_connection(
    node: Node, app: DialectApp, query: str, refused: str, closed: int
) -> None:
    terminal = Terminal(app.upgrade(handshake(PATH, query)))
    (told,) = terminal.said
    assert (told["event"], told["data"]["status"], told["data"]["code"]) == ("exception", "error", refused)
    assert [code for code, _ in terminal.socket.closes] == [closed]
    terminal.handler.closed(closed, "")
    assert (node.hub.connection_count, node.counters.authentication_failures) == (0, 1)


async def test_an_expired_token_closes_with_another_code(node: Node, app: DialectApp) -> None:
    token = node.tokens.mint(DEFAULT_CLIENT, UserId("alice"), ttl_ms=1).token
    node.tokens.rules = msgspec.structs.replace(node.tokens.rules, leeway_seconds=-10.0)
    terminal = Terminal(app.upgrade(handshake(PATH, f"token={token}")))
    assert (terminal.said[0]["data"]["code"], [code for code, _ in terminal.socket.closes]) == ("token_expired", [4004])


async def test_one_too_many_is_told_and_closed(node: Node, app: DialectApp) -> None:
    terminals = [Terminal(app.upgrade(documented(node))) for _ in range(5)]
    (told,) = terminals[4].said
    assert (told["data"]["code"], [code for code, _ in terminals[4].socket.closes]) == ("too_many_connections", [4006])
    terminals[4].handler.closed(4006, "")
    assert node.hub.connection_count == 4


@pytest.mark.parametrize("path", ["/client-", "/client-nobody"])
async def test_an_unknown_client_is_told(node: Node, app: DialectApp, path: str) -> None:
    terminal = Terminal(app.upgrade(handshake(path, f"token={node.token('alice')}")))
    assert terminal.said[0]["data"]["code"] in ("client_not_found", "invalid_request")


async def test_a_page_that_is_not_welcome_is_refused_at_once(
    node: Node, app: DialectApp, rules: NamespaceRules
) -> None:
    rules.allowed_origins = ("https://shop.example",)
    answer = app.upgrade(handshake(PATH, f"token={node.token('alice')}", origin="https://evil.example"))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.close, json.loads(answer.body)["error"]["code"]) == (403, True, "origin_not_allowed")


async def test_nobody_comes_in_while_draining(node: Node, app: DialectApp) -> None:
    node.connector.draining = True
    answer = app.upgrade(documented(node))
    assert isinstance(answer, Answer)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (503, "draining")


async def test_who_cannot_be_served_for_now_is_to_try_again(
    node: Node, services: NamespaceServices, app: DialectApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.attending, "principal", lambda _principal: Away())
    pending = app.upgrade(documented(node))
    assert isinstance(pending, PendingVisit)
    answer = await pending.wait()
    assert isinstance(answer, Answer)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (503, "store_unavailable")
    assert dict(answer.headers)[b"Retry-After"] == b"1"


async def test_a_push_token_is_registered_first(node: Node, app: DialectApp) -> None:
    pending = app.upgrade(documented(node, fcmToken="fcm-1"))
    assert isinstance(pending, PendingVisit)
    terminal = Terminal(await pending.wait())
    (device,) = await node.devices.list(DEFAULT_CLIENT, UserId("alice"))
    assert (device.token, [told["event"] for told in terminal.said]) == ("fcm-1", ["connected"])


async def test_a_push_token_that_cannot_be_one_is_told(app: DialectApp, node: Node) -> None:
    pending = app.upgrade(documented(node, fcmToken="%0A"))
    assert isinstance(pending, PendingVisit)
    _, told = Terminal(await pending.wait()).said
    assert (told["event"], told["data"]["code"]) == ("exception", "invalid_device_token")


async def test_another_token_of_the_same_user_goes_on(node: Node, terminal: Terminal) -> None:
    (answer,) = await terminal.send({"event": "authenticate", "data": {"token": node.token("alice")}})
    assert (answer["event"], answer["data"]["userId"]) == ("authenticated", "alice")
    (told,) = await terminal.send({"event": "authenticate", "data": {"token": node.token("bob")}})
    assert (told["event"], told["data"]["code"]) == ("exception", "already_authenticated")


async def test_channels_work_here_too(node: Node, app: DialectApp) -> None:
    token = node.token("alice", channels=("news",))
    terminal = Terminal(app.upgrade(handshake(PATH, f"token={token}")))
    await node.published("news", data={"n": 1})
    epoch = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    _, answer, told = await terminal.send(
        {"event": "subscribe", "data": {"channel": "news", "since": {"epoch": epoch, "offset": 0}}}
    )
    assert (answer["event"], answer["data"]["replayed"], told["data"]["offset"]) == ("subscribed", 1, 1)
    (gone,) = await terminal.send({"event": "unsubscribe", "data": {"channel": "news"}})
    assert gone["event"] == "unsubscribed"
    await node.published("news", data={"n": 2})
    assert terminal.said == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (b"hello", "invalid_json"),
        (b"2probe", "invalid_message"),
        (b"[]", "invalid_message"),
        (b"{}", "invalid_message"),
        (b'{"event":5}', "invalid_message"),
        (b'{"event":"dance"}', "unknown_event"),
        (b'{"event":"ping","id":[1]}', "invalid_message"),
        (b'{"event":"ping","data":' + b"[" * 5000 + b"]" * 5000 + b"}", "invalid_json"),
    ],
)
async def test_what_makes_no_sense_is_told_until_there_is_too_much(
    terminal: Terminal, text: bytes, refused: str
) -> None:
    told = await terminal.send(text, text)
    assert [(each["event"], each["data"]["code"]) for each in told] == [("exception", refused)] * 2
    assert terminal.socket.closes == []
    await terminal.send(text)
    assert [code for code, _ in terminal.socket.closes] == [4000]


async def test_binary_messages_make_no_sense(terminal: Terminal) -> None:
    terminal.handler.binary(b"{}")
    assert terminal.said[0]["data"]["code"] == "invalid_message"


async def test_what_the_hub_sees_of_it(node: Node, terminal: Terminal) -> None:
    handler = terminal.handler
    assert isinstance(handler, DialectConnection)
    handler.end(DEAD_LINK)
    assert (handler.address, handler.pending_bytes(), handler.sent_bytes()) == ("192.0.2.7", 11, 22)
    assert terminal.socket.closes == [(4009, DEAD_LINK.reason)]
    handler.closed(4009, "")
    assert node.hub.connection_count == 0


async def test_a_slow_one_is_closed(node: Node, terminal: Terminal) -> None:
    terminal.socket.outbox.limit = 0
    await terminal.send({"event": "ping"})
    assert [code for code, _ in terminal.socket.closes] == [4008]
    assert node.counters.slow_consumers == 1


async def test_who_is_in_a_channel_can_be_asked(terminal: Terminal) -> None:
    await terminal.send({"event": "subscribe", "data": {"channel": "open.a"}})
    (answer,) = await terminal.send({"event": "presence", "data": {"channel": "open.a"}})
    assert (answer["event"], answer["data"]["members"][0]["userId"]) == ("presence", "alice")
