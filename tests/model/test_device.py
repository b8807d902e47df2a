from __future__ import annotations

import pytest

from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId


@pytest.mark.parametrize(
    ("token", "hint"), [("x" * 150 + "abcdef", "abcdef"), ("x" * 18 + "abcdef", "abcdef"), ("x" * 17 + "abcdef", "")]
)
def test_of_a_token_its_end_is_shown(token: str, hint: str) -> None:
    device = Device(DeviceId("d"), ClientId("c"), UserId("u"), token, 1, 1)
    assert device.token_hint == hint
