from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import MongoFacts

if TYPE_CHECKING:
    from notifyd.store.mongo.records import MongoRecords
    from tests.mongo_double.server import MongoDouble


async def test_a_single_server_tells_of_itself(records: MongoRecords):
    facts = await records.facts()
    assert facts == MongoFacts(facts.version, replica_set="", members=0, router=False, write_concern="majority")


async def test_a_server_that_is_away_tells_nothing(records: MongoRecords, double: MongoDouble):
    double.go()
    with pytest.raises(StoreUnavailable):
        await records.facts()
