"""Lines that come in the wrong order, twice, or too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.errors import Invalid, TooLarge
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.service.records import reading as record_reading
from notifyd.service.records.reading import Reading
from notifyd.wire.record_lines import Tally, end_line, header_line, line_of

if TYPE_CHECKING:
    from notifyd.wire.record_lines import Record

SHOP = Client(ClientId("shop"), "shop", "v1.sealed", 1)
KEY = ApiKey(KeyId("k1"), SHOP.id, "k", "ab" * 32, (), 1)
DEVICE = Device(DeviceId("d1"), SHOP.id, UserId("ann"), "token", 1, 1)


def reading(*records: Record) -> Reading:
    begun = Reading()
    begun.take([header_line(), *map(line_of, records)])
    return begun


def test_devices_are_handed_back_and_the_rest_is_remembered() -> None:
    read = Reading()
    assert read.take([header_line(), line_of(SHOP), line_of(KEY), line_of(DEVICE)]) == [line_of(DEVICE)]
    assert (read.clients, read.keys, read.owners) == ([SHOP], [KEY], {"shop"})
    tally = Tally()
    for record in (SHOP, KEY, DEVICE):
        tally.add(record)
    assert read.take([end_line(tally)]) == []
    read.finish()


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([SHOP, SHOP], "line 3: records come by kind and id, each once"),
        ([KEY, SHOP], "line 3: records come by kind and id"),
        ([DEVICE, KEY], "line 3: records come by kind and id"),
        ([replace(KEY, id=KeyId("k2")), replace(KEY, digest="cd" * 32)], "line 3: records come by kind and id"),
        ([KEY, replace(KEY, id=KeyId("k2"))], "line 3: two keys have one digest"),
        ([DEVICE, replace(DEVICE, id=DeviceId("d2"))], "line 3: two devices of one client have one token"),
        ([replace(KEY, scopes=("root",))], "line 2: scope 'root' is not known"),
    ],
)
def test_what_no_export_writes_is_refused_with_its_line(records: list[Record], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        reading(*records)
    assert refused.value.code == "invalid_records"


def test_two_clients_may_have_one_token() -> None:
    reading(DEVICE, replace(DEVICE, id=DeviceId("d2"), client_id=ClientId("other")))


def test_a_header_comes_first_and_once() -> None:
    with pytest.raises(Invalid, match="line 1: a header belongs at the begin"):
        Reading().take([line_of(SHOP)])
    with pytest.raises(Invalid, match="line 2: a header belongs at the begin"):
        reading().take([header_line()])


def test_nothing_comes_behind_the_end() -> None:
    read = reading()
    read.take([end_line(Tally())])
    read.finish()
    with pytest.raises(Invalid, match="line 3: something comes behind the end"):
        read.take([line_of(SHOP)])


def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_reading, "MAX_RECORDS", 2)
    with pytest.raises(TooLarge, match="at most 2 records"):
        reading(SHOP, KEY)
