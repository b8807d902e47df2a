from __future__ import annotations

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, Refused


def test_a_refusal_of_a_script_has_a_code_and_a_text() -> None:
    told = ErrorReply("STALE the lease is over").told()
    assert isinstance(told, Refused)
    assert (told.code, told.text) == ("STALE", "the lease is over")


@pytest.mark.parametrize("code", ["OOM", "LOADING", "READONLY", "BUSY", "MISCONF", "CLUSTERDOWN", "NOREPLICAS"])
def test_what_redis_cannot_do_now_is_unavailable(code: str) -> None:
    told = ErrorReply(f"{code} for some reason").told()
    assert isinstance(told, StoreUnavailable)
    assert told.retry_after_seconds == 1
    assert "for some reason" in told.message
