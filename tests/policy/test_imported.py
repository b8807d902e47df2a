from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from notifyd.errors import Invalid
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.policy.imported import check_record

SHOP = ClientId("shop")
CLIENT = Client(SHOP, "shop", "v1.sealed", 1, "https://shop.example", "two\nlines", "sid", 2, "v1.before", 3)
KEY = ApiKey(KeyId("key_1"), SHOP, "n", "ab" * 32, ("users",), 1, 2, ("10.0.0.0/8",), 4, 5, "cd" * 32, 6)
DEVICE = Device(DeviceId("dev_1"), SHOP, UserId("Zoë"), "to:ken", 1, 2)


@pytest.mark.parametrize(
    "record", [CLIENT, KEY, DEVICE, Client(SHOP, "s", "v1.x", 0), replace(KEY, previous_digest="")]
)
def test_what_the_services_make_may_be_kept(record: Client | ApiKey | Device) -> None:
    check_record(record)


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (CLIENT, {"id": ""}),
        (CLIENT, {"id": "a/b"}),
        (CLIENT, {"id": "$a"}),
        (CLIENT, {"id": "a" * 129}),
        (CLIENT, {"name": ""}),
        (CLIENT, {"url": "ftp://x"}),
        (CLIENT, {"cookie_name": "a b"}),
        (CLIENT, {"secret": ""}),
        (CLIENT, {"secret": "x" * 10_000}),
        (CLIENT, {"previous_until": -1}),
        (CLIENT, {"created_at": 1 << 60}),
        (KEY, {"client_id": ""}),
        (KEY, {"name": "\x1b[2J"}),
        (KEY, {"digest": "AB" * 32}),
        (KEY, {"digest": ""}),
        (KEY, {"previous_digest": "ab"}),
        (KEY, {"scopes": ("root",)}),
        (KEY, {"allowed_cidrs": ("10.0.0.1/8",)}),
        (KEY, {"expires_at": -5}),
        (DEVICE, {"client_id": "a b"}),
        (DEVICE, {"user_id": ""}),
        (DEVICE, {"token": "a b"}),
        (DEVICE, {"token": ""}),
        (DEVICE, {"token": "x" * 4097}),
        (DEVICE, {"seen_at": -1}),
    ],
)
def test_what_they_would_not_make_is_refused(record: Client | ApiKey | Device, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        check_record(replace(record, **changes))
    assert len(refused.value.message) < 300
