"""Receipts and events as Redis keeps them."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from notifyd.model.ids import UserId
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.options import ReceiptLimits
from notifyd.store.redis.receipts.form import (
    Ending,
    decode_event,
    decode_receipt,
    encode_event,
    encode_receipt,
    kept_ms,
    receipt_of,
)
from tests.store.samples import T0, notification

ENDING = Ending(State.DEAD, T0 + 9, T0 + 5, 2, 3, "epoch", 7, "why not")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_receipt_is_the_same_after_it_was_kept(kind: Kind) -> None:
    one = notification(kind=kind)
    kept = decode_receipt(one.id, encode_receipt(one, ENDING))
    assert kept == receipt_of(one, ENDING)
    assert (kept.state, kept.settled_at, kept.due_at, kept.attempts) == (State.DEAD, T0 + 9, T0 + 5, 2)
    assert (kept.delivered, kept.epoch, kept.offset, kept.reason) == (3, "epoch", 7, "why not")
    assert (kept.client_id, kept.submitted_by, kept.channel) == (one.client_id, one.submitted_by, one.channel)


def test_a_version_that_is_not_known_is_refused() -> None:
    line = encode_receipt(notification(), ENDING)
    with pytest.raises(msgspec.ValidationError, match="version 9"):
        decode_receipt(notification().id, line.replace(b"[1,", b"[9,", 1))


def test_an_event_is_the_same_after_it_was_kept() -> None:
    event = TimelineEvent(T0, Happening.RETRIED, UserId("anna"), "hook", 3, 'a "word"\n')
    assert decode_event(encode_event(event)) == event
    assert decode_event(encode_event(replace(event, detail=""))) != event


def test_redis_keeps_a_receipt_longer_than_the_upkeep_does() -> None:
    assert kept_ms(ReceiptLimits(max_age_seconds=10)) > 10_000
