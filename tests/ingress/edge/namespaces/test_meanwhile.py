"""What may happen to a client while one of its users is being let in: the registration of a device takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.errors import NotFound
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.namespaces.application import PendingWelcome
from notifyd.ingress.edge.namespaces.dialect_app import DialectApp, PendingVisit
from notifyd.ingress.edge.socketio.api import Refusal, Welcome
from notifyd.model.disconnect import WRONG_CREDENTIAL
from notifyd.service.clients.clients import NewClient
from tests.ingress.edge.namespaces.house import handshake
from tests.ingress.edge.native.browser import Socket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.ingress.edge.namespaces.application import NamespaceApplication
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.model.ids import ClientId
    from tests.service.node import Node

    Meanwhile = Callable[[Node, ClientId], Awaitable[object]]


@pytest.fixture
async def shop(node: Node) -> ClientId:
    return (await node.clients.register(NewClient("shop"))).client.id


async def removed(node: Node, client_id: ClientId) -> None:
    await node.clients.remove(client_id)


async def rotated(node: Node, client_id: ClientId) -> None:
    await node.clients.rotate_secret(client_id, overlap_ms=0)


def slowly(node: Node, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have *meanwhile* happen while a device is registered."""

    async def register(client_id: ClientId, *_arguments: object) -> None:
        await meanwhile(node, client_id)
        if node.clients.find(client_id) is None:
            raise NotFound("there is no client", code="client_not_found")

    monkeypatch.setattr(node.devices, "register", register)


@pytest.mark.parametrize("meanwhile", [removed, rotated])
async def test_a_socket_does_not_outlive_it(
    node: Node, application: NamespaceApplication, shop: ClientId, meanwhile: Meanwhile, monkeypatch: Any
) -> None:
    slowly(node, meanwhile, monkeypatch)
    auth = {"token": node.token("alice", shop), "fcmToken": "fcm-1"}
    pending = application.connect(f"/client-{shop}", auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    refusal = await pending.wait()
    assert isinstance(refusal, Refusal)
    assert refusal.data is not None
    assert refusal.data["code"] == "token_bad_signature"
    assert node.hub.of_client(shop) == []


@pytest.mark.parametrize("meanwhile", [removed, rotated])
async def test_a_terminal_does_not_outlive_it(
    node: Node, services: NamespaceServices, rules: NamespaceRules, shop: ClientId, meanwhile: Meanwhile,
    monkeypatch: Any,
) -> None:  # fmt: skip
    slowly(node, meanwhile, monkeypatch)
    request = handshake(f"/client-{shop}", f"token={node.token('alice', shop)}&fcmToken=fcm-1")
    pending = DialectApp(services, rules).upgrade(request)
    assert isinstance(pending, PendingVisit)
    upgrade = await pending.wait()
    assert told_and_closed(upgrade)
    assert node.hub.of_client(shop) == []


@pytest.mark.parametrize("meanwhile", [removed, rotated])
async def test_a_terminal_is_looked_at_again_when_its_handshake_is_done(
    node: Node, services: NamespaceServices, rules: NamespaceRules, shop: ClientId, meanwhile: Meanwhile
) -> None:
    request = handshake(f"/client-{shop}", f"token={node.token('alice', shop)}")
    upgrade = DialectApp(services, rules).upgrade(request)
    await meanwhile(node, shop)
    assert told_and_closed(upgrade)
    assert node.hub.of_client(shop) == []


def told_and_closed(upgrade: object) -> bool:
    """Whether the peer is told why, and nothing else."""
    assert isinstance(upgrade, Upgrade)
    socket = Socket()
    handler: Any = upgrade.handler
    handler.opened(socket)
    codes = [(text["event"], text["data"].get("code")) for text in socket.outbox.texts]
    handler.closed(1000, "")
    return codes == [("exception", "token_bad_signature")] and socket.closes[0][0] == WRONG_CREDENTIAL.code


async def test_who_waits_for_an_ordinary_registration_gets_in(
    node: Node, application: NamespaceApplication, shop: ClientId
) -> None:
    auth = {"token": node.token("alice", shop), "fcmToken": "fcm-1"}
    pending = application.connect(f"/client-{shop}", auth, handshake(), "websocket")
    assert isinstance(pending, PendingWelcome)
    assert isinstance(await pending.wait(), Welcome)
