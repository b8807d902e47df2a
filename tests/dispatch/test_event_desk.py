from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.dispatch.event_desk import tell_dead
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.notification import State
from notifyd.store.ports import Lease, Outcome
from tests.store.samples import T0, for_users, notification, push_of

if TYPE_CHECKING:
    from notifyd.model.notification import Notification


class Ear:
    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def unreached(self, notification: Notification, state: State, stored: int) -> None:
        raise AssertionError("nobody tells this here")

    def dead(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


def test_those_that_died_are_told_with_their_tries() -> None:
    ear = Ear()
    push = push_of(for_users("anna"), "anna")
    outcomes = [
        Outcome(Lease(notification(), 0, 1), State.DISPATCHED, 1),
        Outcome(Lease(push, 2, 1), State.DEAD, reason="unavailable", error="it said no"),
    ]
    tell_dead(ear, outcomes, now=T0)
    (letter,) = ear.letters
    assert (letter.stage, letter.notification, letter.user_id, letter.died_at) == (Stage.PUSH, push, "anna", T0)
    assert (letter.reason, letter.error, letter.attempts) == ("unavailable", "it said no", 3)


def test_where_nobody_listens_nothing_is_told() -> None:
    tell_dead(None, [Outcome(Lease(notification(), 0, 1), State.DEAD)], now=T0)
