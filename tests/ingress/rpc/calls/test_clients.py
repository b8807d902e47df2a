"""Clients and tokens over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import ClientId
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import publish

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

SECRET = "a-secret-of-more-than-32-characters"


async def test_a_client_is_registered_and_shown_without_its_secret(house: House) -> None:
    command = pb.RegisterClientCommand(
        name="shop", secret=SECRET, url="https://shop.example", description="d", cookie_name="c"
    )
    made = await house.ask("RegisterClient", command)
    assert (made.secret, list(made.warnings)) == ("", [])
    client = await house.ask("GetClient", pb.GetClientRequest(id=made.client.id))
    assert (client.name, client.url, client.description, client.cookie_name) == (
        "shop",
        "https://shop.example",
        "d",
        "c",
    )
    assert client.HasField("created_at")
    listed = await house.ask("ListClients", pb.ListClientsRequest())
    assert [found.id for found in listed.clients] == ["default", client.id]
    assert SECRET.encode() not in listed.SerializeToString()


async def test_a_secret_that_was_made_is_shown_once(house: House) -> None:
    made = await house.ask("RegisterClient", pb.RegisterClientCommand(name="shop"))
    assert house.node.clients.is_secret(ClientId(made.client.id), made.secret)


async def test_a_short_secret_brings_advice(house: House) -> None:
    assert (await house.ask("RegisterClient", pb.RegisterClientCommand(name="shop", secret="eight888"))).warnings


async def test_every_problem_is_named(house: House) -> None:
    refusal = await house.refusal("RegisterClient", pb.RegisterClientCommand(secret="short", url="nowhere"))
    assert (refusal.status, refusal.code) == ("INVALID_ARGUMENT", "invalid_client")
    assert refusal.message.count(";") >= 2


async def test_a_secret_is_rotated_with_an_overlap(house: House) -> None:
    client_id = await house.node.client(secret=SECRET)
    request = pb.RotateClientSecretRequest(id=client_id, overlap_seconds=60)
    rotated = await house.ask("RotateClientSecret", request)
    assert rotated.client.HasField("previous_secret_until")
    assert [house.node.clients.is_secret(client_id, secret) for secret in (SECRET, rotated.secret)] == [True, True]
    at_once = pb.RotateClientSecretRequest(id=client_id, secret=SECRET, overlap_seconds=0)
    assert not (await house.ask("RotateClientSecret", at_once)).client.HasField("previous_secret_until")
    assert not house.node.clients.is_secret(client_id, rotated.secret)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 2e9])
async def test_an_overlap_has_to_be_a_time(house: House, seconds: float) -> None:
    request = pb.RotateClientSecretRequest(id="default", overlap_seconds=seconds)
    assert (await house.refusal("RotateClientSecret", request)).status == "INVALID_ARGUMENT"


async def test_a_removed_client_is_gone(house: House) -> None:
    client_id = await house.node.client()
    assert (await house.ask("RemoveClient", pb.RemoveClientRequest(id=client_id))).id == client_id
    for method, request in (("GetClient", pb.GetClientRequest), ("RemoveClient", pb.RemoveClientRequest)):
        refusal = await house.refusal(method, request(id=client_id))
        assert (refusal.status, refusal.code) == ("NOT_FOUND", "client_not_found")


async def test_the_default_client_stays(house: House) -> None:
    refusal = await house.refusal("RemoveClient", pb.RemoveClientRequest(id="default"))
    assert (refusal.status, refusal.code) == ("FAILED_PRECONDITION", "client_protected")


async def test_channels_of_a_client_are_its_own(house: House) -> None:
    client_id = await house.node.client()
    await publish(house, "news", "1", client_id=client_id)
    refusal = await house.refusal("GetHistory", pb.GetHistoryRequest(client_id="none", channel="news"))
    assert refusal.code == "client_not_found"
    history = await house.ask("GetHistory", pb.GetHistoryRequest(channel="news"))
    assert not history.publications


async def test_a_token_is_minted_and_verified(house: House) -> None:
    client_id = await house.node.client()
    request = pb.MintTokenRequest(client_id=client_id, user_id="ann", ttl_seconds=60, channels=["publish:a.*", "b"])
    minted = await house.ask("MintToken", request)
    claims = await house.ask("VerifyToken", pb.VerifyTokenRequest(token=minted.token))
    assert (claims.client_id, claims.user_id, list(claims.channels)) == (client_id, "ann", ["publish:a.*", "b"])
    assert (claims.expires_at, claims.previous_secret) == (minted.expires_at, False)


async def test_a_token_lasts_an_hour_unless_told(house: House) -> None:
    minted = await house.ask("MintToken", pb.MintTokenRequest(user_id="ann"))
    other = await house.ask("MintToken", pb.MintTokenRequest(user_id="ann", ttl_seconds=60))
    assert 3500 < minted.expires_at.seconds - other.expires_at.seconds < 3600


async def test_a_token_of_the_secret_before_says_so(house: House) -> None:
    token = house.node.token("ann")
    await house.ask("RotateClientSecret", pb.RotateClientSecretRequest(id="default"))
    assert (await house.ask("VerifyToken", pb.VerifyTokenRequest(token=token))).previous_secret


async def test_why_a_token_is_refused(house: House) -> None:
    client_id, token = await house.node.client(), house.node.token("ann")
    for request, code in (
        (pb.VerifyTokenRequest(token="nonsense"), "invalid_token"),
        (pb.VerifyTokenRequest(token=token[:-4] + "AAAA"), "token_bad_signature"),
        (pb.VerifyTokenRequest(token=token, client_id=client_id), "token_wrong_client"),
    ):
        refusal = await house.refusal("VerifyToken", request)
        assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", code)


async def test_a_client_is_described_anew(house: House) -> None:
    command = pb.RegisterClientCommand(name="shop", url="https://shop.example", description="sells", cookie_name="sid")
    made = (await house.ask("RegisterClient", command)).client
    changed = await house.ask(
        "UpdateClient", pb.UpdateClientRequest(id=made.id, url="https://new.example", description="")
    )
    assert (changed.name, changed.url, changed.description, changed.cookie_name) == (
        "shop",
        "https://new.example",
        "",
        "sid",
    )
    refused = await house.refusal("UpdateClient", pb.UpdateClientRequest(id=made.id, url="nonsense"))
    assert refused.code == "invalid_client"
