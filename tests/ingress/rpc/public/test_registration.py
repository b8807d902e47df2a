"""The two documented calls, with each credential and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trio

from notifyd.model.ids import ClientId
from notifyd.v1 import client_pb2 as pb
from tests.ingress.rpc.node import refusal_of
from tests.ingress.rpc.public.house import ADMIN, OPTIONS, open_public_house, with_key, with_secret, with_token

if TYPE_CHECKING:
    from tests.ingress.rpc.public.house import PublicHouse

SECRET = "your-secret-key-at-least-8-chars"
DOCUMENTED = pb.RegisterClientRequest(
    appName="Your App Name",
    clientSecret=SECRET,
    clientUrl="https://your-app-domain.com",
    description="Description of your application",
    cookieName="your_auth_cookie_name",
)


def device(client_id: str, user_id: str = "ann", fcm_token: str = "token-from-firebase") -> pb.RegisterFCMTokenRequest:
    return pb.RegisterFCMTokenRequest(userId=user_id, clientId=client_id, fcmToken=fcm_token)


async def test_the_documented_calls_work_in_development_without_a_credential(dev: PublicHouse) -> None:
    made = await dev.ask("RegisterClient", DOCUMENTED)
    assert (made.appName, made.clientSecret) == ("Your App Name", "")
    client = dev.node.clients.get(ClientId(made.id))
    assert (client.url, client.cookie_name) == ("https://your-app-domain.com", "your_auth_cookie_name")
    answer = await dev.ask("RegisterFCMToken", device(made.id))
    assert answer.success
    devices = await dev.node.devices.list(ClientId(made.id))
    assert [(found.id, found.user_id, found.token) for found in devices] == [
        (answer.deviceId, "ann", "token-from-firebase")
    ]


@pytest.mark.parametrize("package", ["", "skybell.", "shop.v2."])
async def test_the_documented_calls_answer_under_other_names(house: PublicHouse, package: str) -> None:
    async def call(path: str, request: Any, answer: Any) -> Any:
        method = house.grpc_channel.unary_unary(
            f"/{package}{path}", request_serializer=lambda sent: sent.SerializeToString(), response_deserializer=answer
        )
        shown = tuple(ADMIN.items())
        return await trio.to_thread.run_sync(lambda: method(request, metadata=shown, timeout=10))

    made = await call("ClientRegistrationService/RegisterClient", DOCUMENTED, pb.RegisterClientResponse.FromString)
    answer = await call("NotificationService/RegisterFCMToken", device(made.id), pb.RegisterFCMTokenResponse.FromString)
    assert answer.success


async def test_a_name_that_is_no_alias_is_unimplemented(house: PublicHouse) -> None:
    call = house.grpc_channel.unary_unary("/other.ClientRegistrationService/RegisterClient")
    with pytest.raises(grpc.RpcError) as problem:
        await trio.to_thread.run_sync(lambda: call(b"", timeout=10))
    assert refusal_of(problem.value).status == "UNIMPLEMENTED"


async def test_a_secret_that_was_made_is_shown(house: PublicHouse) -> None:
    made = await house.ask("RegisterClient", pb.RegisterClientRequest(appName="a"), ADMIN)
    assert house.node.clients.is_secret(ClientId(made.id), made.clientSecret)


async def test_advice_comes_with_the_answer(house: PublicHouse) -> None:
    request = pb.RegisterClientRequest(appName="a", clientSecret="eight888")
    assert (await house.ask("RegisterClient", request, ADMIN)).warnings


async def test_every_problem_of_a_registration_is_named(house: PublicHouse) -> None:
    request = pb.RegisterClientRequest(clientSecret="short", clientUrl="nowhere", cookieName="a b")
    refusal = await house.refusal("RegisterClient", request, ADMIN)
    assert (refusal.status, refusal.code) == ("INVALID_ARGUMENT", "invalid_client")
    for field in ("appName", "clientSecret", "clientUrl", "cookieName"):
        assert field in refusal.message


async def test_only_an_operator_registers_clients(house: PublicHouse) -> None:
    shown = [(), with_key(await house.node.key()), with_token(house.node.token("ann")), with_token("wrong")]
    for credential in shown:
        refusal = await house.refusal("RegisterClient", DOCUMENTED, credential)
        assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", "admin_token_required")
    assert house.node.counters.authentication_failures == len(shown)
    assert len(house.node.clients.list()) == 1


async def test_a_device_is_registered_by_whoever_may(house: PublicHouse) -> None:
    client_id = await house.node.client(secret=SECRET)
    token = house.node.token("ann", client_id)
    for number, shown in enumerate((ADMIN, with_token(token), with_secret(SECRET))):
        assert (await house.ask("RegisterFCMToken", device(client_id, fcm_token=f"t{number}"), shown)).success
    assert len(await house.node.devices.list(client_id)) == 3


async def test_a_user_need_not_name_itself(house: PublicHouse) -> None:
    client_id = await house.node.client()
    shown = with_token(house.node.token("ann", client_id))
    await house.ask("RegisterFCMToken", device("", ""), shown)
    assert [found.user_id for found in await house.node.devices.list(client_id)] == ["ann"]


async def test_nobody_else_registers_a_device(house: PublicHouse) -> None:
    mine, theirs = await house.node.client(secret=SECRET), await house.node.client(secret=SECRET[::-1])
    cases = [
        ((), "UNAUTHENTICATED", "admin_token_required"),
        (with_key(await house.node.key(client_id=mine)), "UNAUTHENTICATED", "admin_token_required"),
        (with_token(house.node.token("bob", mine)), "PERMISSION_DENIED", "wrong_user"),
        (with_token(house.node.token("ann", theirs)), "PERMISSION_DENIED", "wrong_user"),
        (with_secret(SECRET[::-1]), "UNAUTHENTICATED", "invalid_client_secret"),
    ]
    for shown, status, code in cases:
        refusal = await house.refusal("RegisterFCMToken", device(mine), shown)
        assert (refusal.status, refusal.code) == (status, code)
    assert not await house.node.devices.list(mine)


async def test_who_has_no_secret_learns_nothing_of_clients(house: PublicHouse) -> None:
    known = await house.refusal("RegisterFCMToken", device(await house.node.client()), with_secret("guessed-it"))
    unknown = await house.refusal("RegisterFCMToken", device("none"), with_secret("guessed-it"))
    assert known == unknown


async def test_guesses_at_a_secret_run_out(house: PublicHouse) -> None:
    client_id = await house.node.client(secret=SECRET)
    house.node.limiter.configure(enabled=True, per_minute=1, burst=2)
    for _ in range(2):
        assert (await house.refusal("RegisterFCMToken", device(client_id), with_secret("guessed-it"))).code
    refusal = await house.refusal("RegisterFCMToken", device(client_id), with_secret(SECRET))
    assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "rate_limited")
    assert float(refusal.metadata["notifyd-retry-after"]) > 0


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (device("", ""), "INVALID_ARGUMENT", "clientId is missing; userId is missing"),
        (device("default", fcm_token=""), "INVALID_ARGUMENT", "fcmToken is missing"),
        (device("default", fcm_token="é"), "INVALID_ARGUMENT", "push token"),
        (device("default", "a\nb"), "INVALID_ARGUMENT", "user"),
        (device("none"), "NOT_FOUND", "no client"),
    ],
)
async def test_what_is_no_device(
    house: PublicHouse, request_: pb.RegisterFCMTokenRequest, status: str, words: str
) -> None:
    refusal = await house.refusal("RegisterFCMToken", request_, ADMIN)
    assert refusal.status == status
    assert words in refusal.message


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "via"])
async def test_a_proxy_cannot_use_the_freedom_of_development(dev: PublicHouse, name: str) -> None:
    shown = ((name, "192.0.2.1"),)
    for method, request in (("RegisterClient", DOCUMENTED), ("RegisterFCMToken", device("default"))):
        refusal = await dev.refusal(method, request, shown)
        assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "local_only")


async def test_a_credential_is_no_obstacle_in_development(dev: PublicHouse) -> None:
    assert (await dev.ask("RegisterClient", DOCUMENTED, with_token("your-admin-token"))).id
    assert (await dev.ask("RegisterFCMToken", device("default"), with_token("your-admin-token"))).success


async def test_an_empty_admin_token_opens_nothing() -> None:
    options = OPTIONS.__class__(admin_token="", bounds=OPTIONS.bounds)
    async with open_public_house(options) as house:
        for shown in ((), {"authorization": "Bearer "}, {"authorization": "Bearer"}):
            assert (await house.refusal("RegisterClient", DOCUMENTED, shown)).status == "UNAUTHENTICATED"
