"""What credentials of one client must not do to another, tried with every operation that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from notifyd.wire.rest.examples import BODIES
from notifyd.wire.rest.operation import Access
from notifyd.wire.rest.operations import OPERATIONS
from notifyd.wire.rest.receiving_operations import STREAM_CHANNEL, STREAM_INBOX

if TYPE_CHECKING:
    from notifyd.wire.rest.operation import Operation
    from tests.ingress.harness import Reply, Service

MARK = "classified-9d3f"
CREDENTIALS = ("key", "key as bearer", "token", "token of the other user's name", "secret", "nothing")
CLOSED = [operation for operation in OPERATIONS if operation.access is not Access.OPEN]


class Victim(Struct):
    """A client with something of each kind."""

    client_id: str
    key: str
    ids: dict[str, str]


async def victim(service: Service) -> Victim:
    client_id = await service.client(f"{MARK} shop", description=MARK)
    key = await service.key(client_id=client_id)
    await service.publish(key, f"{MARK}-channel", {"text": MARK})
    waiting = await service.publish(key, f"{MARK}-channel", {"text": MARK}, delay=60_000)
    await service.tell(client_id, "alice", payload={"text": MARK})
    device = {"clientId": client_id, "userId": "alice", "fcmToken": f"push-token-of-alice-{MARK}"}
    registered = await service.call("POST", "/api/v1/devices", device, admin=True)
    ids = {
        "id": waiting.json["notificationId"],
        "device": registered.json["deviceId"],
        "channel": f"{MARK}-channel",
        "userId": "alice",
        "name": "hook",
    }
    return Victim(client_id, key, ids)


async def credentials(service: Service) -> dict[str, dict[str, Any]]:
    secret = "a-secret-of-the-attacker-of-32-characters"
    client_id = await service.client("attacker", secret)
    key = await service.key(client_id=client_id)
    return {
        "key": {"key": key},
        "key as bearer": {"token": key},
        "token": {"token": service.token("mallory", client_id)},
        "token of the other user's name": {"token": service.token("alice", client_id)},
        "secret": {"headers": {"X-Client-Secret": secret}},
        "nothing": {},
    }


async def attempt(service: Service, operation: Operation, prey: Victim, how: dict[str, Any]) -> Reply:
    ids = prey.ids | ({"id": prey.ids["device"]} if "devices" in operation.path else {})
    if "clients" in operation.path:
        ids |= {"id": prey.client_id}
    body = None
    if operation.body is not None:
        body = BODIES[operation.id] | {"clientId": prey.client_id, "channel": prey.ids["channel"]}
    return await service.call(
        operation.method, f"{operation.path.format_map(ids)}?clientId={prey.client_id}", body, **how
    )


async def state(service: Service, prey: Victim) -> list[Any]:
    """All that the victim has, as an operator sees it."""
    places = [
        f"/api/v1/users/alice/inbox?clientId={prey.client_id}",
        f"/api/v1/users/bob/inbox?clientId={prey.client_id}",
        f"/api/v1/devices?clientId={prey.client_id}",
        f"/api/v1/clients/{prey.client_id}",
        f"/api/channels/{MARK}-channel/history?clientId={prey.client_id}",
        f"/api/notifications/{prey.ids['id']}",
    ]
    return [(await service.call("GET", place, admin=True)).json for place in places]


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_nothing_is_seen_or_changed_from_outside(service: Service, name: str) -> None:
    prey, how = await victim(service), (await credentials(service))[name]
    service.services.limiter.configure(enabled=False, per_minute=60, burst=60)
    before = await state(service, prey)
    assert all(MARK in str(part) for index, part in enumerate(before) if index not in (1, 2, 5))
    for operation in CLOSED:
        if (operation is STREAM_CHANNEL and "key" in name) or (operation is STREAM_INBOX and "token" in name):
            continue  # a stream of the attacker's own channel of that name, or of its own inbox, which has no end
        reply = await attempt(service, operation, prey, how)
        assert MARK not in without_names(reply), operation.id
        assert reply.status in (202, 401, 403, 404) or operation.id in ("getHistory", "getInbox"), operation.id
    assert await state(service, prey) == before


def without_names(reply: Reply) -> str:
    """The answer without the names that the request itself held."""
    return reply.body.decode().replace(f"{MARK}-channel", "")


@pytest.mark.parametrize("name", [name for name in CREDENTIALS if name != "nothing"])
async def test_whether_a_client_exists_is_not_told(service: Service, name: str) -> None:
    prey, how = await victim(service), (await credentials(service))[name]
    service.services.limiter.configure(enabled=False, per_minute=60, burst=60)
    how = how | {"headers": how.get("headers", {}) | {"X-Request-Id": "r"}}
    nobody = Victim("0" * 24, "", prey.ids)
    for operation in CLOSED:
        if operation in (STREAM_CHANNEL, STREAM_INBOX) or operation.status == 202:
            continue
        known, unknown = [await attempt(service, operation, one, how) for one in (prey, nobody)]
        assert (known.status, known.body.replace(prey.client_id.encode(), b"0" * 24)) == (unknown.status, unknown.body)
