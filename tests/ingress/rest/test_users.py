"""What is kept for users, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from notifyd.ingress.edge.rest import rows
from notifyd.ingress.edge.rest.services import RestOptions

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Service

TOKENS = "/api/v1/tokens"


def inbox(user_id: str, query: str = "") -> str:
    return f"/api/v1/users/{quote(user_id, safe='')}/inbox{query}"


async def test_an_operator_sees_what_is_kept(service: Service) -> None:
    client_id = await service.client()
    ids = [await service.tell(client_id, "alice", payload={"n": n}) for n in range(3)]
    reply = await service.call("GET", inbox("alice", f"?clientId={client_id}"), admin=True)
    body = reply.json
    assert [row["id"] for row in body["notifications"]] == ids
    assert [(row["channel"], row["data"], row["offset"]) for row in body["notifications"]] == [
        (None, {"n": n}, n + 1) for n in range(3)
    ]
    assert (body["clientId"], body["userId"], body["position"]["offset"]) == (client_id, "alice", 3)
    assert (body["cursor"], body["kept"], body["undelivered"], body["more"]) == (0, 3, 3, False)
    assert body["sizeBytes"] > 0
    assert body["lastAt"] is not None


async def test_the_newest_ones_come_where_there_are_more(service: Service) -> None:
    for n in range(3):
        await service.tell("default", "alice", payload=n)
    body = (await service.call("GET", inbox("alice", "?limit=2"), admin=True)).json
    assert ([row["data"] for row in body["notifications"]], body["more"]) == ([1, 2], True)


async def test_an_answer_is_bounded_in_bytes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ANSWER_BYTES", 1)
    for n in range(2):
        await service.tell("default", "alice", payload=n)
    body = (await service.call("GET", inbox("alice"), admin=True)).json
    assert ([row["data"] for row in body["notifications"]], body["more"]) == ([1], True)


async def test_what_has_arrived_is_shown_too(service: Service) -> None:
    for n in range(2):
        await service.tell("default", "alice", payload=n)
    service.services.inboxes.advance(
        service.services.connector.token_principal(service.token("alice")),
        service.services.inboxes.look("default", "alice").replay[0].position,
    )
    body = (await service.call("GET", inbox("alice"), admin=True)).json
    assert (body["cursor"], body["kept"], body["undelivered"]) == (1, 2, 1)
    assert [row["data"] for row in body["notifications"]] == [0, 1]


async def test_reading_proves_nothing(service: Service) -> None:
    await service.tell("default", "alice")
    for _ in range(2):
        reply = await service.call("GET", inbox("alice"), token=service.token("alice"))
    assert (reply.status, reply.json["undelivered"]) == (200, 1)
    assert reply.headers["cache-control"] == "no-store"


async def test_a_user_who_was_never_seen_has_nothing(service: Service) -> None:
    body = (await service.call("GET", inbox("nobody"), admin=True)).json
    assert (body["position"]["offset"], body["kept"], body["lastAt"], body["notifications"]) == (0, 0, None, [])


async def test_a_longer_name_is_another_user(service: Service) -> None:
    await service.tell("default", "alice2")
    assert (await service.call("GET", inbox("alice"), admin=True)).json["kept"] == 0


@pytest.mark.parametrize("user_id", ["a/b", "a b", "ü", "a%2Fb", "..", "a?b#c", "inbox", "a/inbox"])
async def test_a_user_may_have_any_printable_name(service: Service, user_id: str) -> None:
    await service.tell("default", user_id)
    body = (await service.call("GET", inbox(user_id), admin=True)).json
    assert (body["userId"], body["kept"]) == (user_id, 1)


async def test_a_user_s_token_is_enough_for_the_own_inbox(service: Service) -> None:
    client_id = await service.client()
    await service.tell(client_id, "alice")
    for query in ("", f"?clientId={client_id}"):
        reply = await service.call("GET", inbox("alice", query), token=service.token("alice", client_id))
        assert (reply.status, reply.json["clientId"], reply.json["kept"]) == (200, client_id, 1)
    assert reply.headers["ratelimit-remaining"] == "58"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (inbox("bob"), 403, "wrong_user"),
        (inbox("alice", "?clientId=default"), 401, "token_wrong_client"),
        (inbox("alice", "?clientId=unknown"), 401, "token_wrong_client"),
        (inbox("x" * 300), 400, "invalid_user"),
        (inbox("alice", "?limit=0"), 400, "invalid_request"),
        (inbox("a\0"), 400, "invalid_user"),
    ],
)
async def test_a_token_opens_nothing_else(service: Service, path: str, status: int, code: str) -> None:
    token = service.token("alice", await service.client())
    reply = await service.call("GET", path, token=token)
    assert (reply.status, reply.code) == (status, code)


async def test_an_operator_is_told_that_there_is_no_such_client(service: Service) -> None:
    reply = await service.call("GET", inbox("alice", "?clientId=unknown"), admin=True)
    assert (reply.status, reply.code) == (404, "client_not_found")


async def test_a_token_of_another_client_s_user_of_that_name_shows_nothing(service: Service) -> None:
    await service.tell("default", "alice", payload="secret")
    reply = await service.call("GET", inbox("alice"), token=service.token("alice", await service.client()))
    assert (reply.status, reply.json["kept"]) == (200, 0)


@pytest.mark.parametrize("token", ["a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "x" * 9000 + ".b.c", "a.b.\xff"])
async def test_a_token_that_is_none_is_refused_and_counted(service: Service, token: str) -> None:
    reply = await service.call("GET", inbox("alice"), token=token)
    assert reply.status == 401
    assert reply.code.startswith(("invalid_token", "token_"))
    assert service.services.counters.authentication_failures == 1


async def test_wrong_tokens_are_limited(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=2, burst=2)
    replies = [await service.call("GET", inbox("alice"), token="a.b.c") for _ in range(3)]
    assert [reply.status for reply in replies] == [401, 401, 429]
    assert (await service.call("GET", inbox("alice"), token=service.token("alice"))).status == 200


async def test_users_of_two_clients_are_limited_apart(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=1, burst=1)
    tokens = [service.token("alice"), service.token("alice", await service.client())]
    assert [(await service.call("GET", inbox("alice"), token=token)).status for token in tokens] == [200, 200]
    reply = await service.call("GET", inbox("alice"), token=tokens[0])
    assert (reply.status, reply.code) == (429, "rate_limited")


async def test_a_token_is_made_and_good(service: Service) -> None:
    client_id = await service.client()
    body = {"clientId": client_id, "userId": "alice", "ttlSeconds": 60, "channels": ["subscribe:orders.*"]}
    reply = await service.call("POST", TOKENS, body, admin=True)
    assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
    claims = service.services.tokens.verify_claims(reply.json["token"])
    assert (claims.client_id, claims.user_id, claims.channels) == (client_id, "alice", ("subscribe:orders.*",))
    assert reply.json["expiresAt"].endswith("Z")


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"clientId": "unknown"}, 404, "unknown"),
        ({"userId": ""}, 400, "user"),
        ({"ttlSeconds": 0}, 400, "ttlSeconds"),
        ({"ttlSeconds": 0.0001}, 400, "time to live"),
        ({"ttlSeconds": 3e9}, 400, "time to live"),
        ({"channels": ["publish:"]}, 400, "channels"),
        ({"channels": "all"}, 400, "channels"),
        ({"userId": None}, 400, "userId"),
    ],
)
async def test_a_wrong_wish_for_a_token_is_refused(
    service: Service, fields: dict[str, Any], status: int, named: str
) -> None:
    reply = await service.call("POST", TOKENS, {"clientId": "default", "userId": "alice", **fields}, admin=True)
    assert (reply.status, named in reply.json["error"]["message"]) == (status, True)


async def test_development_mode_asks_an_operator_for_nothing(start: StartService) -> None:
    dev = await start(RestOptions(dev=True))
    minted = await dev.call("POST", TOKENS, {"clientId": "default", "userId": "alice"})
    assert minted.status == 201
    assert (await dev.call("GET", inbox("alice"))).status == 200
    assert (await dev.call("GET", inbox("alice"), token=minted.json["token"])).status == 200


async def test_a_wrong_token_is_refused_in_development_mode_too(dev: Service) -> None:
    assert (await dev.call("GET", inbox("alice"), token="a.b.c")).status == 401
