"""A real daemon with the real firebase-admin, against a local server that speaks the protocol of FCM."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.fcm.account import PROJECT, private_key
from tests.fcm.fake import FakeFcm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.rest import Rest


@pytest.fixture
def fcm() -> Iterator[FakeFcm]:
    with FakeFcm() as fake:
        yield fake


@asynccontextmanager
async def pushing(start: Starter, fcm: FakeFcm, *settings: str) -> AsyncIterator[tuple[Daemon, Rest]]:
    daemon = await start(f"push.endpoint={fcm.url}", "push.retry_delay_seconds=0.05", *settings, started=False)
    daemon.environ = {
        "FIREBASE_PROJECT_ID": PROJECT,
        "FIREBASE_CLIENT_EMAIL": f"push@{PROJECT}.iam.gserviceaccount.com",
        "FIREBASE_PRIVATE_KEY": private_key().replace("\n", "\\n"),
    }
    await daemon.start()
    async with daemon.rest() as rest:
        yield daemon, rest


async def tell(rest: Rest, *users: str) -> str:
    body = {"clientId": "default", "users": users, "payload": {"title": "T", "body": "B", "data": {"n": 1}}}
    return (await rest.call("POST", "/api/v1/notifications", body)).json["notificationId"]


async def register(rest: Rest, user: str, *tokens: str) -> None:
    for token in tokens:
        body = {"clientId": "default", "userId": user, "fcmToken": token}
        assert (await rest.call("POST", "/api/v1/devices", body)).status == 201


async def pushed(rest: Rest, notification_id: str, count: int) -> dict[str, Any]:
    """The receipt, once so many devices have been decided about."""
    while True:
        receipt = (await rest.call("GET", f"/api/notifications/{notification_id}")).json["notification"]
        if receipt["pushed"] + receipt["failed"] >= count:
            return receipt
        await trio.sleep(0.02)


@within(30)
async def test_who_is_offline_is_pushed_and_the_receipt_tells(start: Starter, fcm: FakeFcm) -> None:
    async with pushing(start, fcm) as (_, rest):
        await register(rest, "ann", "ok-1", "dead-1", "sender-1")
        receipt = await pushed(rest, await tell(rest, "ann", "bob"), 3)
        assert (receipt["pushed"], receipt["failed"], receipt["stored"]) == (1, 2, 2)
        ann, bob = receipt["users"]
        assert (ann["pushed"], ann["failed"], ann["reason"], bob["pushed"]) == (1, 2, "sender_id_mismatch", 0)
        assert fcm.seen.messages[0]["notification"] == {"title": "T", "body": "B"}
        left = (await rest.call("GET", "/api/v1/devices?clientId=default&userId=ann")).json["devices"]
        assert len(left) == 2


@pytest.mark.slow
@within(30)
async def test_a_push_is_tried_again_when_the_provider_says_so(start: Starter, fcm: FakeFcm) -> None:
    async with pushing(start, fcm) as (_, rest):
        await register(rest, "ann", "busy*2-1")
        receipt = await pushed(rest, await tell(rest, "ann"), 1)
        assert (receipt["pushed"], receipt["failed"]) == (1, 0)


@pytest.mark.slow
@within(40)
async def test_a_push_outlives_a_kill(start: Starter, fcm: FakeFcm) -> None:
    async with pushing(start, fcm) as (daemon, rest):
        await register(rest, "ann", "quota*1-1")
        notification_id = await tell(rest, "ann")
        while not fcm.seen.hits:  # noqa: ASYNC110 - a thread of the fake fills it
            await trio.sleep(0.02)
        await daemon.kill()
        await daemon.start()
        async with daemon.rest() as again:
            assert (await pushed(again, notification_id, 1))["pushed"] == 1
