from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import MongoFacts

if TYPE_CHECKING:
    from notifyd.store.mongo.records import MongoRecords
    from tests.mongo_double.server import MongoDouble


async def test_a_single_server_tells_of_itself(records: MongoRecords):
    facts = await records.facts()
    bare = MongoFacts(facts.version, replica_set="", members=0, router=False, write_concern="majority")
    assert replace(facts, ahead_seconds=None, off_by_seconds=0.0) == bare


async def test_its_clock_is_compared_with_ours(records: MongoRecords):
    facts = await records.facts()
    assert facts.ahead_seconds is not None
    # both are this machine's, as far as the answer tells
    assert abs(facts.ahead_seconds) <= facts.off_by_seconds + 0.01


async def test_a_server_that_is_away_tells_nothing(records: MongoRecords, double: MongoDouble):
    double.go()
    with pytest.raises(StoreUnavailable):
        await records.facts()
