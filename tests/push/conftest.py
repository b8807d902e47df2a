from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from notifyd.policy.pushing.content import PushContent, PushMessage
from notifyd.push.fcm import FcmProvider, open_push
from tests.fcm.account import options
from tests.fcm.fake import FakeFcm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    OpenProvider = Callable[..., AbstractAsyncContextManager[FcmProvider]]

CONTENT = PushContent(
    notification_id="n1",
    title="T",
    body="B",
    image_url="https://x/i.png",
    link="https://x/a",
    data={"k": "v"},
    high=True,
    ttl_seconds=60,
    expires_at=1_900_000_000,
)


def messages(*tokens: str) -> list[PushMessage]:
    """The same message to each of *tokens*."""
    return [PushMessage(token, CONTENT) for token in tokens]


@pytest.fixture
def fcm() -> Iterator[FakeFcm]:
    with FakeFcm() as server:
        yield server


@asynccontextmanager
async def opened(endpoint: str, **fields: Any) -> AsyncIterator[FcmProvider]:
    """A provider whose messages go to *endpoint*."""
    provider = await open_push(options(endpoint, **{"timeout_seconds": 5.0} | fields))
    try:
        yield provider
    finally:
        await provider.close()


@pytest.fixture
async def provider(fcm: FakeFcm) -> AsyncIterator[FcmProvider]:
    async with opened(fcm.url) as provider:
        yield provider
