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

#: Of each call, where the server is to be given up; far shorter than what an operator would choose.
HASTY_SECONDS = 0.5 * PATIENCE
hasty = pytest.mark.parametrize("timeout_seconds", [HASTY_SECONDS])


@pytest.fixture
def double() -> Iterator[MongoDouble]:
    with MongoDouble() as double:
        yield double


@pytest.fixture
def timeout_seconds() -> float:
    """Of each call; tests that are `hasty` have less."""
    return 20.0


@pytest.fixture
async def records(double: MongoDouble, timeout_seconds: float) -> AsyncIterator[MongoRecords]:
    with trio.fail_after(30):
        opened = await open_mongo_records(double.uri(), timeout_seconds)
        yield opened
        await opened.close()
