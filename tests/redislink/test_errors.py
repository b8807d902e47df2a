from __future__ import annotations

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, Refused, Unfit


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


@pytest.mark.parametrize("code", ["ERR", "WRONGTYPE", "CROSSSLOT"])
def test_what_does_not_fit_what_is_there_is_both_and_is_not_quoted_to_callers(code: str) -> None:
    reply = ErrorReply(f"{code} unknown command, with args beginning with: 'secret'")
    told = reply.told()
    assert reply.unfit
    assert isinstance(told, Unfit)
    assert isinstance(told, StoreUnavailable)
    assert isinstance(told, Refused)
    assert (told.code, told.retry_after_seconds) == ("store_unavailable", 1)
    assert "secret" not in told.message
    assert code in told.message
    assert "secret" in told.text
