"""Who may connect to the namespace of a client, and who is told why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.ingress.edge.namespaces.application import NamespaceApplication, PendingWelcome
from notifyd.ingress.edge.socketio.api import NotNow, Refusal, Welcome
from notifyd.ingress.edge.socketio.transport import SocketIoTransport
from notifyd.model.disconnect import DRAINED, NOT_NOW
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.service.clients.clients import NewClient
from notifyd.wire.socketio.session import SocketIoRules
from tests.ingress.edge.namespaces.house import Away, User, handshake, publish

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from tests.service.node import Node

DEFAULT = f"/client-{DEFAULT_CLIENT}"
PAGE = "https://shop.example"


def code(answer: object) -> str:
    assert isinstance(answer, Refusal)
    assert answer.data is not None
    assert answer.message == answer.data["message"]
    return str(answer.data["code"])


@pytest.fixture
async def shop(node: Node) -> ClientId:
    """A client with pages and a cookie."""
    wanted = NewClient("shop", "s" * 40, url=f"{PAGE}/start?x=1", cookie_name="session")
    return (await node.clients.register(wanted)).client.id


async def test_a_good_token_is_welcome(node: Node, application: NamespaceApplication) -> None:
    answer = application.connect(DEFAULT, {"token": node.token("alice")}, handshake(), "websocket")
    assert isinstance(answer, Welcome)
    connection = node.hub.connection(answer.sid)  # type: ignore[arg-type]
    assert connection is not None
    assert connection.principal is not None
    assert (connection.principal.user_id, connection.link.address, bool(answer.pid)) == ("alice", "192.0.2.7", True)


@pytest.mark.parametrize("namespace", ["/", "/client", "/client-", "/clients-default", "client-default", "/a/client-x"])
async def test_other_namespaces_are_none(application: NamespaceApplication, namespace: str) -> None:
    answer = application.connect(namespace, {"token": "x"}, handshake(), "websocket")
    assert answer == Refusal("Invalid namespace")


async def test_the_query_will_do_as_well(node: Node, application: NamespaceApplication) -> None:
    request = handshake(query=f"EIO=4&transport=polling&clientId=default&token={node.token('alice')}")
    assert isinstance(application.connect(DEFAULT, None, request, "polling"), Welcome)


@pytest.mark.parametrize("nothing", [{}, {"token": ""}, {"token": None}, None])
async def test_what_auth_does_not_say_the_query_says(
    node: Node, application: NamespaceApplication, nothing: Any
) -> None:
    request = handshake(query=f"token={node.token('alice')}&token=second")
    assert isinstance(application.connect(DEFAULT, nothing, request, "polling"), Welcome)


async def test_auth_counts_before_the_query(node: Node, application: NamespaceApplication) -> None:
    request = handshake(query=f"token={node.token('alice')}&clientId=default")
    assert code(application.connect(DEFAULT, {"token": "bad"}, request, "polling")) == "invalid_token"
    assert code(application.connect(DEFAULT, {"clientId": "other"}, request, "polling")) == "client_mismatch"


@pytest.mark.parametrize(
    ("auth", "refused"),
    [
        (None, "token_missing"),
        ({}, "token_missing"),
        ({"token": 5}, "invalid_auth"),
        ({"token": ["a"]}, "invalid_auth"),
        ({"clientId": {"$ne": 1}, "token": "x"}, "invalid_auth"),
        ("token", "invalid_auth"),
        ([1], "invalid_auth"),
        ({"token": "a.b.c"}, "invalid_token"),
        ({"token": "ä.b.c"}, "invalid_token"),
        ({"token": "\ud800"}, "invalid_token"),
        ({"token": "x" * 100_000}, "token_too_large"),
        ({"token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."}, "token_algorithm"),
    ],
)
async def test_a_credential_that_is_not_good_is_told(
    node: Node, application: NamespaceApplication, auth: Any, refused: str
) -> None:
    assert code(application.connect(DEFAULT, auth, handshake(), "websocket")) == refused
    assert (node.counters.authentication_failures, node.hub.connection_count) == (1, 0)


async def test_a_query_without_an_end_is_refused(application: NamespaceApplication) -> None:
    assert code(application.connect(DEFAULT, None, handshake(query="a=1&" * 200), "polling")) == "invalid_query"


async def test_an_unknown_client_is_told(node: Node, application: NamespaceApplication) -> None:
    auth = {"token": node.token("alice")}
    assert code(application.connect("/client-nobody", auth, handshake(), "websocket")) == "client_not_found"


async def test_a_token_of_another_client_is_refused(
    node: Node, application: NamespaceApplication, shop: ClientId
) -> None:
    answer = application.connect(f"/client-{shop}", {"token": node.token("alice")}, handshake(), "websocket")
    assert code(answer) in ("token_wrong_client", "token_bad_signature")


async def test_one_connection_too_many_is_told(node: Node, application: NamespaceApplication) -> None:
    auth = {"token": node.token("alice")}
    answers = [application.connect(DEFAULT, auth, handshake(), "websocket") for _ in range(5)]
    assert [isinstance(answer, Welcome) for answer in answers] == [True] * 4 + [False]
    assert (code(answers[4]), node.hub.connection_count) == ("too_many_connections", 4)


async def test_nobody_comes_in_while_draining(node: Node, application: NamespaceApplication) -> None:
    node.connector.draining = True
    answer = application.connect(DEFAULT, {"token": node.token("alice")}, handshake(), "websocket")
    assert isinstance(answer, NotNow)
    assert answer.code == DRAINED.code
    assert code(answer.refusal) == "draining"
    assert answer.refusal.data == {"code": "draining", "message": answer.refusal.message, "retryAfter": 2}


async def test_who_cannot_be_served_for_now_is_not_refused_for_good(
    node: Node, services: NamespaceServices, application: NamespaceApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.attending, "principal", lambda _principal: Away())
    pending = application.connect(DEFAULT, {"token": node.token("alice")}, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    answer = await pending.wait()
    assert isinstance(answer, NotNow)
    assert (answer.code, code(answer.refusal)) == (NOT_NOW.code, "store_unavailable")
    assert "redis.example" not in answer.refusal.message
    assert node.hub.of_client(DEFAULT_CLIENT) == []


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [(PAGE, True), (PAGE.upper(), True), ("https://evil.example", False), ("null", False), (f"{PAGE}.evil", False)],
)
async def test_a_cookie_counts_from_the_pages_of_its_client_alone(
    node: Node, application: NamespaceApplication, shop: ClientId, origin: str, welcome: bool
) -> None:
    request = handshake(cookie=f'a=b; session="{node.token("alice", shop)}"; c', origin=origin)
    answer = application.connect(f"/client-{shop}", None, request, "websocket")
    assert isinstance(answer, Welcome) == welcome
    assert welcome or code(answer) == "origin_not_allowed"


async def test_a_cookie_without_an_origin_does_not_count(
    node: Node, application: NamespaceApplication, shop: ClientId
) -> None:
    request = handshake(cookie=f"session={node.token('alice', shop)}")
    assert code(application.connect(f"/client-{shop}", {}, request, "websocket")) == "origin_not_allowed"


async def test_no_cookie_counts_where_the_client_names_none(node: Node, application: NamespaceApplication) -> None:
    request = handshake(cookie=f"session={node.token('alice')}", origin=PAGE)
    assert code(application.connect(DEFAULT, {}, request, "websocket")) == "token_missing"


@pytest.mark.parametrize(
    ("origin", "welcome"), [(PAGE, True), ("https://other.example", True), ("https://evil.example", False)]
)
async def test_an_origin_is_checked_where_some_are_allowed(
    node: Node, application: NamespaceApplication, rules: NamespaceRules, shop: ClientId, origin: str, welcome: bool
) -> None:
    rules.allowed_origins = ("https://other.example",)
    request = handshake(origin=origin)
    answer = application.connect(f"/client-{shop}", {"token": node.token("alice", shop)}, request, "websocket")
    assert isinstance(answer, Welcome) == welcome


async def test_any_origin_is_welcome_with_a_token_where_none_is_set(
    node: Node, application: NamespaceApplication
) -> None:
    request = handshake(origin="https://anywhere.example")
    assert isinstance(application.connect(DEFAULT, {"token": node.token("alice")}, request, "polling"), Welcome)


@pytest.mark.parametrize(
    ("origin", "query", "allowed"),
    [
        (PAGE, "EIO=4", PAGE),
        (PAGE, "clientId=SHOP", PAGE),
        (PAGE, "clientId=default", None),
        (PAGE, "clientId=nobody", None),
        ("https://evil.example", "EIO=4", None),
        ("https://evil.example", "clientId=SHOP", None),
        ("https://ours.example", "EIO=4", "https://ours.example"),
        ("https://rest.example", "clientId=default", "https://rest.example"),
        ("null", "EIO=4", None),
    ],
)
async def test_which_pages_may_read_the_answers_of_polling(
    application: NamespaceApplication,
    rules: NamespaceRules,
    shop: ClientId,
    origin: str,
    query: str,
    allowed: str | None,
) -> None:
    rules.allowed_origins, rules.http_origins = ("https://ours.example",), ("https://rest.example",)
    assert application.allowed_origin(handshake(query=query.replace("SHOP", shop), origin=origin)) == allowed


async def test_any_page_may_where_any_is_allowed(application: NamespaceApplication, rules: NamespaceRules) -> None:
    rules.http_origins = ("*",)
    assert application.allowed_origin(handshake(origin=PAGE)) == "*"
    assert application.allowed_origin(handshake()) is None


async def test_the_pages_of_a_client_that_is_gone_may_not(
    node: Node, application: NamespaceApplication, shop: ClientId
) -> None:
    await node.clients.remove(shop)
    assert application.allowed_origin(handshake(origin=PAGE)) is None


async def test_a_push_token_is_registered_before_the_welcome(node: Node, alice: User) -> None:
    auth = {"token": node.token("alice"), "fcmToken": "fcm-1"}
    pending = alice.application.connect(alice.namespace, auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    welcome = await pending.wait()
    assert isinstance(welcome, Welcome)
    (device,) = await node.devices.list(DEFAULT_CLIENT, UserId("alice"))
    alice.open(welcome)
    assert (device.token, alice.said("exception")) == ("fcm-1", [])


async def test_a_push_token_that_cannot_be_kept_is_told_and_no_obstacle(
    node: Node, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(node.devices, "register", fail)
    auth = {"token": node.token("alice"), "fcmToken": "fcm-1"}
    pending = alice.application.connect(alice.namespace, auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    welcome = await pending.wait()
    assert isinstance(welcome, Welcome)
    alice.open(welcome)
    assert [told["code"] for told in alice.said("exception")] == ["store_unavailable"]
    await publish(node, 1)
    assert alice.data() == [1]


async def test_a_push_token_that_takes_too_long_is_no_obstacle_either(
    node: Node, alice: User, monkeypatch: pytest.MonkeyPatch, autojump_clock: object
) -> None:
    async def hang(*_arguments: object) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(node.devices, "register", hang)
    auth = {"token": node.token("alice"), "fcmToken": "fcm-1"}
    pending = alice.application.connect(alice.namespace, auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    assert isinstance(await pending.wait(), Welcome)


async def test_draining_may_begin_while_a_push_token_is_registered(node: Node, alice: User) -> None:
    auth = {"token": node.token("alice"), "fcmToken": "fcm-1"}
    pending = alice.application.connect(alice.namespace, auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    node.connector.draining = True
    answer = await pending.wait()
    assert isinstance(answer, NotNow)
    assert answer.code == DRAINED.code


class NoLink:
    """A link of an Engine.IO connection that is over."""

    transport = "websocket"
    pending_bytes = sent_bytes = 0

    def put(self, _data: bytes) -> bool:
        return True


class NoDeadlines:
    def at(self, _when: float, _callback: object) -> NoDeadlines:
        return self

    def cancel(self) -> None:
        """Nothing was begun."""


async def test_a_transport_that_ends_while_a_push_token_is_registered_leaves_nothing(
    node: Node, application: NamespaceApplication
) -> None:
    transport = SocketIoTransport(application, SocketIoRules(), NoDeadlines(), handshake())  # type: ignore[arg-type]
    transport.opened(NoLink())  # type: ignore[arg-type]
    text = f'0{DEFAULT},{{"token":"{node.token("alice")}","fcmToken":"fcm-1"}}'
    step = transport.text(text.encode())
    assert step is not None
    transport.closed("transport close")
    await step
    assert node.hub.connection_count == 0


async def test_nothing_of_one_client_reaches_another(
    node: Node, application: NamespaceApplication, alice: User, shop: ClientId
) -> None:
    other = User(node, application, "alice", shop)
    alice.connect()
    other.connect()
    await publish(node, 1)
    await publish(node, 2, users=("alice",))
    await publish(node, 3, sockets=(alice.sid, other.sid))
    await other.ask("notification-job", {"payload": {"n": 4}, "sockets": [alice.sid]})
    await other.ask("notification-job", {"payload": {"n": 5}, "users": ["alice"]})
    await other.ask("notification-job", {"payload": {"n": 6}})
    await node.dispatch()
    assert (alice.data(), other.data()) == ([1, 2, 3], [5, 6])


async def test_no_socket_of_another_client_is_recovered(
    node: Node, services: NamespaceServices, application: NamespaceApplication, alice: User, shop: ClientId
) -> None:
    alice.connect()
    other = User(node, application, "alice", shop)
    other.pid, other.offset = alice.pid, alice.offset
    other.connect()
    assert (other.recovered, node.hub.connection_count) == (False, 2)
