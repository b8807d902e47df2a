from __future__ import annotations

import msgspec
import pytest

from notifyd.errors import Invalid
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.wire.record_lines import (
    ClientLine,
    Counts,
    DeviceLine,
    End,
    Header,
    KeyLine,
    Record,
    Tally,
    end_line,
    header_line,
    line_of,
    read_line,
)

SHOP = ClientId("shop")
CLIENT = Client(SHOP, "Zoë\n", "v1.s", 1, "https://x", "d", "sid", 2, "v1.p", 3)
KEY = ApiKey(KeyId("k"), SHOP, "n", "ab" * 32, ("users",), 1, 2, ("10.0.0.0/8",), None, 5, "cd" * 32, 6)
DEVICE = Device(DeviceId("d"), SHOP, UserId("ann"), "token", 1, 2)


@pytest.mark.parametrize("record", [CLIENT, KEY, DEVICE])
def test_a_record_comes_back_as_it_was_from_one_line(record: Record) -> None:
    line = line_of(record)
    assert b"\n" not in line
    assert read_line(line) == record


@pytest.mark.parametrize(("record", "line"), [(Client, ClientLine), (ApiKey, KeyLine), (Device, DeviceLine)])
def test_lines_have_every_field_of_their_records(record: type[Record], line: type[msgspec.Struct]) -> None:
    assert line.__struct_fields__ == record.__struct_fields__


def test_names_are_those_of_the_other_interfaces() -> None:
    assert msgspec.json.decode(line_of(DEVICE)) == {
        "type": "device",
        "id": "d",
        "clientId": "shop",
        "userId": "ann",
        "token": "token",
        "createdAt": 1,
        "seenAt": 2,
    }


def test_the_end_counts_and_digests() -> None:
    tally = Tally()
    for record in (CLIENT, KEY, DEVICE):
        tally.add(record)
    assert tally.counts == Counts(1, 1, 1)
    assert read_line(end_line(tally)) == End(1, 1, 1, tally.digest)
    assert read_line(header_line()) == Header("notifyd-records", 1)


def test_last_uses_make_no_difference_and_everything_else_does() -> None:
    digests = []
    for records in (
        [KEY],
        [msgspec.structs.replace(KEY, last_used_at=9)],
        [msgspec.structs.replace(KEY, name="m")],
        [],
    ):
        tally = Tally()
        for record in records:
            tally.add(record)
        digests.append(tally.digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no JSON",
        b'{"type":"thing"}',
        b'{"type":"device","id":"d"}',
        line_of(DEVICE)[:-1] + b',"more":1}',
        line_of(DEVICE).replace(b'"ann"', b"5"),
        b"[" * 100_000,
        b'{"type":"header","format":"notifyd-records","version":2}',
        b'{"type":"header","format":"other","version":1}',
    ],
)
def test_another_line_is_refused_with_a_sentence(line: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_line(line)
    assert refused.value.code == "invalid_records"
    assert len(refused.value.message) < 300
