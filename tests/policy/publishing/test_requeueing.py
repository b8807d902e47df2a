from __future__ import annotations

import pytest

from notifyd.errors import Conflict
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import DeadLetterId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.policy.publishing.requeueing import notification_again
from tests.store.samples import HOUR, T0, for_users, notification

LATER = T0 + HOUR
AGEING = 60_000


def letter(stage: Stage, of: Notification, user_id: str = "") -> DeadLetter:
    return DeadLetter(DeadLetterId(of.id), stage, of, "ack_timeout", "no ack came", 3, T0, UserId(user_id))


def again(dead: DeadLetter, ttl_ms: int | None = None) -> Notification:
    return notification_again(dead, now=LATER, ttl_ms=ttl_ms, ageing_ms=AGEING)


@pytest.mark.parametrize("stage", [Stage.DISPATCH, Stage.PUSH, Stage.WEBHOOK, Stage.SUBSCRIPTION])
def test_it_goes_on_under_its_id_and_is_due_at_once(stage: Stage) -> None:
    first = notification(priority=7)
    found = again(letter(stage, first))
    assert (found.id, found.due_at, found.accepted_at) == (first.id, LATER, T0)
    assert found.order_key == LATER - 7 * AGEING
    assert found.expires_at == first.expires_at


def test_a_user_who_did_not_ack_gets_one_alone() -> None:
    first = for_users("alice", "bob")
    found = again(letter(Stage.INBOX, first, "bob"))
    assert found.id != first.id
    assert (found.kind, found.users, found.parent) == (Kind.USERS, ("bob",), first.id)
    assert (found.data, found.accepted_at) == (first.data, LATER)
    # however often it is put back, it is the producer's one that it stands for
    assert again(letter(Stage.INBOX, found, "bob")).parent == first.id


def test_what_has_expired_needs_a_new_life() -> None:
    dead = letter(Stage.DISPATCH, notification(ttl=HOUR))
    with pytest.raises(Conflict) as refused:
        again(dead)
    assert refused.value.code == "expired"
    assert again(dead, ttl_ms=5).expires_at == LATER + 5


@pytest.mark.parametrize("ttl_ms", [None, 5])
def test_what_expired_before_a_subscription_acked_it_has_no_new_life(ttl_ms: int | None) -> None:
    dead = letter(Stage.SUBSCRIPTION, notification(ttl=HOUR))
    with pytest.raises(Conflict, match="publish it again") as refused:
        again(dead, ttl_ms=ttl_ms)
    assert refused.value.code == "not_kept"


def test_a_new_life_is_never_a_shorter_one() -> None:
    assert again(letter(Stage.DISPATCH, notification(ttl=3 * HOUR)), ttl_ms=5).expires_at == T0 + 3 * HOUR
