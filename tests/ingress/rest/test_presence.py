"""Who is in a channel, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.node import RecordingLink

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from tests.ingress.harness import Service


async def join(service: Service, channel: str, user_id: str = "") -> Connection:
    """A connection of a user, or of a key, in *channel*."""
    connector = service.services.connector
    connection = connector.admit(RecordingLink())
    if user_id:
        connector.enter(connection, connector.token_principal(service.token(user_id, channels=["*"])))
    else:
        connector.enter(connection, connector.principal(await service.key(), "127.0.0.1"))
    service.hub.subscribe(connection, channel, offset=0)
    return connection


async def test_members_are_users_and_connections_of_keys(service: Service) -> None:
    alice, keyed = await join(service, "open.1", "alice"), await join(service, "open.1")
    reply = await service.call("GET", "/api/channels/open.1/presence", key=await service.key())
    assert (reply.status, reply.json["memberCount"], reply.json["subscriberCount"]) == (200, 2, 2)
    first, second = reply.json["members"]
    assert (first["userId"], first["connectionIds"]) == ("alice", [alice.id])
    assert ("userId" in second, second["connectionIds"]) == (False, [keyed.id])
    assert first["joinedAt"]


async def test_a_user_s_token_is_good_for_it(service: Service) -> None:
    await join(service, "open.1", "alice")
    path = "/api/channels/open.1/presence"
    reply = await service.call("GET", path, token=service.token("bob", channels=["open.*"]))
    assert reply.json["memberCount"] == 1
    assert (await service.call("GET", path, token=service.token("bob"))).code == "scope_missing"
    assert (await service.call("GET", path)).code == "missing_api_key"


async def test_the_rule_says_who_is_told(service: Service) -> None:
    await join(service, "closed", "alice")
    path = "/api/channels/closed/presence"
    reply = await service.call("GET", path, key=await service.key())
    assert (reply.status, reply.code) == (403, "presence_off")
    assert (await service.call("GET", path, admin=True)).json["memberCount"] == 1
    assert (await service.call("GET", f"{path}?clientId=other", admin=True)).json["memberCount"] == 0


async def test_members_are_named_to_a_limit(service: Service) -> None:
    for name in ("a", "b", "c"):
        await join(service, "open.1", name)
    reply = await service.call("GET", "/api/channels/open.1/presence?limit=2", admin=True)
    assert ([member["userId"] for member in reply.json["members"]], reply.json["memberCount"]) == (["a", "b"], 3)
