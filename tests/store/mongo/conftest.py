"""A double of MongoDB for each test, because these make it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.store.mongo.records import MongoRecords, open_mongo_records
from tests.e2e.patience import PATIENCE
from tests.mongo_double.server import MongoDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

#: Of each call; far shorter than what an operator would choose.
TIMEOUT_SECONDS = 0.5 * PATIENCE


@pytest.fixture
def double() -> Iterator[MongoDouble]:
    with MongoDouble() as double:
        yield double


@pytest.fixture
async def records(double: MongoDouble) -> AsyncIterator[MongoRecords]:
    with trio.fail_after(20):
        opened = await open_mongo_records(double.uri(), TIMEOUT_SECONDS)
        yield opened
        await opened.close()
