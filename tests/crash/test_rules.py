"""Each rule can fail: a round in which all is well, and the same with one thing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.crash.facts import (
    Accepted,
    Acked,
    Arrived,
    Began,
    Cancelled,
    Kept,
    Place,
    Placed,
    Published,
    Refused,
    Settled,
    Turned,
)
from tests.crash.rules import LATE_SECONDS, RULES, breaches, counts, missed

if TYPE_CHECKING:
    from tests.crash.facts import Fact

MAIN, MORTAL = "channel:main", "channel:mortal"


def place(offset: int, epoch: str = "e") -> Place:
    return Place(epoch, offset)


def published(number: int, *, stream: str = MAIN, **more: object) -> Published:
    fields = {"priority": 5, "in_order": True, "at": float(number)} | more
    return Published(f"p-{number}", (stream,), "p", number, **fields)


def accepted(number: int) -> Accepted:
    return Accepted(f"p-{number}", f"id{number}", number + 0.1)


def began(connection: int = 1, at: float = 0.0, offset: int = 0, stream: str = MAIN, **more: object) -> Began:
    return Began("s", connection, stream, at, at, place(offset), **more)


def arrived(number: int, offset: int, connection: int = 1, stream: str = MAIN, **more: object) -> Arrived:
    fields = {"at": number + 0.2} | more
    return Arrived("s", connection, stream, f"id{number}", f"p-{number}", place(offset), **fields)


def sent(*numbers: int, **more: object) -> list[Fact]:
    return [fact for number in numbers for fact in (published(number, **more), accepted(number))]


def broken(*facts: Fact) -> set[str]:
    return {breach.rule for breach in breaches(facts)}


#: Three notifications, a kill after the second, and a subscriber that resumes.
WELL: list[Fact] = [
    began(),
    *sent(1, 2, 3),
    arrived(1, 1),
    arrived(2, 2),
    Turned("killed", 2.5),
    Turned("started", 2.7),
    began(2, 2.8, 3, since=place(2), recovered=True, replayed=1),
    arrived(3, 3, 2),
    Kept(MAIN, "id2", place(2)),
]


def test_where_all_is_well_nothing_is_broken() -> None:
    assert breaches(WELL) == []
    assert missed(WELL) == set()
    figures = counts(WELL)
    assert (figures["accepted"], figures["delivered"], figures["replayed"], figures["kills"]) == (3, 3, 1, 1)


def test_every_rule_has_its_test() -> None:
    tested = {name for name in globals() if name.startswith("test_")}
    assert not {rule.__name__ for rule in RULES} - {name.partition("__")[2] for name in tested}


def test__accepted_is_kept() -> None:
    facts = [began(), *sent(1, 2), arrived(1, 1)]
    assert broken(*facts) == {"accepted_is_kept"}
    assert missed(facts) == {"id2"}
    assert broken(*facts, Settled("id2", "dispatched")) == {"accepted_is_kept"}
    assert broken(*facts, Settled("id2", "expired")) == {"accepted_is_kept"}, "it has no time to expire at"
    assert broken(*facts, Settled("id2", "dead", "s")) == set()
    assert broken(*facts, Settled("id2", "dead", "another")) == {"accepted_is_kept"}
    assert broken(*facts, Cancelled("id2", 2.5, decided=False)) == set()


def test_one_that_expired_before_its_dispatch_or_before_the_subscriber_came_back_is_not_lost() -> None:
    mortal = [began(stream=MORTAL), *sent(1, stream=MORTAL, expires_at=5.0)]
    assert broken(*mortal) == {"accepted_is_kept"}
    assert broken(*mortal, Settled("id1", "expired")) == set()
    told = [*mortal, Settled("id1", "dispatched"), Placed(MORTAL, "id1", place(1))]
    assert broken(*told) == {"accepted_is_kept"}
    back = began(2, 4.0, 1, MORTAL, since=place(0), recovered=True)
    assert broken(*told, back) == {"accepted_is_kept"}, "it came back in time"
    assert broken(*told, msgspec.structs.replace(back, at=5.1, asked_at=5.1)) == set()


def test_what_a_reset_leaves_out_is_not_lost_but_all_else_is() -> None:
    facts = [began(), *sent(1, 2, 3), arrived(1, 1), began(2, 2.8, 2, since=place(1), recovered=False)]
    kept = [Kept(MAIN, f"id{n}", place(n)) for n in (1, 2, 3)]
    assert broken(*facts, *kept, arrived(3, 3, 2)) == set()
    assert broken(*facts, *kept) == {"accepted_is_kept"}


@pytest.mark.parametrize("lasting", [False, True])
def test__acked_stays_acked(*, lasting: bool) -> None:
    facts = [began(acks=True, lasting=lasting), *sent(1), arrived(1, 1), Acked("s", 1, ("id1",), 1.3)]
    assert broken(*facts) == set()
    assert broken(*facts, arrived(1, 1, at=5.0, attempt=2)) == {"acked_stays_acked"}
    again = [began(2, 4.0, 1, acks=True, lasting=lasting), arrived(1, 1, 2, at=5.0, attempt=2)]
    assert broken(*facts, *again) == ({"acked_stays_acked"} if lasting else set())


def test_an_ack_that_is_answered_aside_may_cross_a_delivery_and_a_nack_is_no_ack() -> None:
    facts = [began(acks=True), *sent(1), arrived(1, 1)]
    aside, nack = Acked("s", 1, ("id1",), 1.3, aside=True), Acked("s", 1, ("id1",), 1.3, nack=True)
    assert broken(*facts, aside, arrived(1, 1, at=1.5, attempt=2)) == set()
    assert broken(*facts, aside, arrived(1, 1, at=9.0, attempt=2)) == {"acked_stays_acked"}
    assert broken(*facts, nack, arrived(1, 1, at=9.0, attempt=2)) == {"unacked_comes_again"}


def test__unacked_comes_again() -> None:
    facts = [began(acks=True), *sent(1), arrived(1, 1)]
    assert broken(*facts) == {"unacked_comes_again"}
    assert broken(*facts, arrived(1, 1, at=2.0, attempt=2), Acked("s", 1, ("id1",), 2.1)) == set()
    assert broken(*facts, Settled("id1", "dead", "s")) == set()
    unheard = Acked("s", 1, ("id1",), 1.3, answered=False)
    assert broken(*facts, unheard) == set(), "it may have been heard"
    assert broken(*facts, unheard, arrived(1, 1, at=9.0, attempt=2)) == set(), "or not"
    inbox = [began(acks=True, stream="inbox:u"), *sent(1, 2, stream="inbox:u")]
    came = [arrived(1, 1, stream="inbox:u"), arrived(2, 2, stream="inbox:u")]
    assert broken(*inbox, *came, Acked("s", 1, ("id2",), 2.3)) == set()
    assert broken(*inbox, *came, Acked("s", 1, ("id1",), 2.3)) == {"unacked_comes_again"}
    mortal = [began(acks=True, stream=MORTAL), *sent(1, stream=MORTAL, expires_at=5.0)]
    assert broken(*mortal, arrived(1, 1, stream=MORTAL)) == set()


def test__dead_stays_dead() -> None:
    facts = [began(acks=True), *sent(1), arrived(1, 1), Settled("id1", "dead", "s", at=4.0)]
    assert broken(*facts) == set()
    assert broken(*facts, arrived(1, 1, at=4.5, attempt=2)) == set(), "it was on its way"
    assert broken(*facts, arrived(1, 1, at=9.0, attempt=2)) == {"dead_stays_dead"}


def test_what_was_given_up_while_redis_was_away_another_node_gives_up_anew() -> None:
    facts = [began(acks=True), *sent(1), arrived(1, 1), Settled("id1", "dead", "s", at=4.0)]
    away = [Turned("redis killed", 3.5), Turned("redis started", 3.9)]
    again = arrived(1, 1, 2, at=9.0, attempt=2)
    assert broken(*facts, *away, began(2, 5.0, 1, acks=True), again) == set()
    assert broken(*facts, *away, began(2, 6.5, 1, acks=True), again) == {"dead_stays_dead"}
    earlier = [Turned("redis killed", 4.1), Turned("redis started", 4.5)]
    assert broken(*facts, *earlier, began(2, 5.0, 1, acks=True), again) == {"dead_stays_dead"}


def test_an_ack_that_another_node_could_not_hear_of_does_not_keep_it_from_sending_again() -> None:
    facts = [began(acks=True, lasting=True), *sent(1), arrived(1, 1), Acked("s", 1, ("id1",), 1.3)]
    away = [Turned("redis killed", 1.2), Turned("redis started", 2.5)]
    again = [began(2, 2.0, 1, acks=True, lasting=True), arrived(1, 1, 2, at=2.1)]
    assert broken(*facts, *away, *again) == set()
    assert broken(*facts, *again) == {"acked_stays_acked"}


def test_what_somebody_was_told_to_lack_is_no_gap() -> None:
    facts = [began(), *sent(1, 2), arrived(1, 1), arrived(2, 4)]
    assert broken(*facts) == {"no_gaps"}
    told = Began("t", 1, MAIN, 3.0, 3.0, place(3), since=place(1), recovered=False)
    assert "no_gaps" not in broken(*facts, told)


def test__one_id_one_place() -> None:
    assert broken(*WELL, Kept(MAIN, "id1", place(9))) >= {"one_id_one_place"}
    assert broken(*WELL, Kept(MAIN, "id9", place(1))) == {"one_id_one_place"}
    assert broken(*WELL, Kept(MAIN, "id1", place(1, "other"))) == {"one_id_one_place"}


def test__one_publish_one_id() -> None:
    assert broken(*WELL, Accepted("p-1", "id1", 9.0)) == set()
    assert "one_publish_one_id" in broken(*WELL, Accepted("p-1", "id9", 9.0))


def test__epochs_last() -> None:
    assert broken(*WELL, Began("t", 1, "channel:other", 9.0, 9.0, place(0, "f"))) == set()
    fresh = Began("s", 3, MAIN, 9.0, 9.0, place(3, "f"), since=place(3), recovered=False)
    assert broken(*WELL, fresh) == {"epochs_last"}


def test__no_gaps() -> None:
    facts = [began(), *sent(1, 2), arrived(1, 1), arrived(2, 3)]
    assert broken(*facts) == {"no_gaps"}
    assert broken(*facts, published(3, expires_at=9.0)) == set()
    late = [began(offset=7), *sent(1), arrived(1, 8)]
    assert broken(*late) == set()


def test__expired_stays_away() -> None:
    facts = [began(stream=MORTAL), *sent(1, stream=MORTAL, expires_at=5.0)]
    assert broken(*facts, arrived(1, 1, stream=MORTAL, at=5.1)) == set()
    late = arrived(1, 1, stream=MORTAL, at=5.1 + LATE_SECONDS)
    assert broken(*facts, late) == {"expired_stays_away"}
    back = began(2, 5.01, 1, MORTAL, since=place(0), recovered=True, replayed=1)
    assert broken(*facts, back, arrived(1, 1, 2, MORTAL, at=5.02)) == {"expired_stays_away"}


def test__nothing_is_early() -> None:
    facts = [began(), *sent(1, due_at=3.0)]
    assert broken(*facts, arrived(1, 1, at=3.0)) == set()
    assert broken(*facts, arrived(1, 1, at=2.9)) == {"nothing_is_early"}


def test__cancelled_stays_away() -> None:
    facts = [began(), *sent(1), arrived(1, 1)]
    assert broken(*facts, Cancelled("id1", 1.1, decided=False)) == set()
    assert broken(*facts, Cancelled("id1", 1.1)) == {"cancelled_stays_away"}


def test__offsets_rise() -> None:
    assert broken(*WELL, arrived(3, 3, 2, attempt=2)) == set()
    assert "offsets_rise" in broken(*WELL, arrived(3, 3, 2))
    assert "offsets_rise" in broken(*WELL, arrived(1, 1, 2)), "it resumed behind that"
    facts = [began(), *sent(1, 2)]
    assert "offsets_rise" in broken(*facts, arrived(2, 2), arrived(1, 1))


def test__no_part_of_a_replay() -> None:
    facts = [began(), *sent(1, 2, 3), arrived(1, 1), began(2, 2.8, 3, since=place(1), recovered=False)]
    kept = [Kept(MAIN, f"id{n}", place(n)) for n in (1, 2, 3)]
    assert broken(*facts, *kept) == set()
    assert "no_part_of_a_replay" in broken(*facts, *kept, arrived(3, 3, 2))
    more = [began(), *sent(1, 2), arrived(1, 1), began(2, 2.8, 2, since=place(0), recovered=True, replayed=1)]
    assert broken(*more, arrived(1, 1, 2), arrived(2, 2, 2)) == {"no_part_of_a_replay"}


def test__producers_keep_their_order() -> None:
    facts = [began(), *sent(1, 2), arrived(2, 1), arrived(1, 2)]
    assert broken(*facts) == {"producers_keep_their_order"}
    other = [began(), *sent(1), *sent(2, priority=9), arrived(2, 1), arrived(1, 2)]
    assert broken(*other) == set()
    ahead = [began(), *sent(1, 2, in_order=False), arrived(2, 1), arrived(1, 2)]
    assert broken(*ahead) == set()


def test__nothing_is_invented() -> None:
    assert "nothing_is_invented" in broken(*WELL, arrived(4, 4, 2))
    elsewhere = [began(), *sent(1, stream=MORTAL), arrived(1, 1)]
    assert broken(*elsewhere) == {"nothing_is_invented"}


def test__refusals_are_known() -> None:
    assert broken(*WELL, Refused("p-1", "store_unavailable", 9.0)) == set()
    assert broken(*WELL, Refused("p-1", "invalid_body", 9.0)) == {"refusals_are_known"}
    late = [began(stream=MORTAL), published(1, stream=MORTAL, expires_at=5.0)]
    assert broken(*late, Refused("p-1", "invalid_request", 5.1)) == set()
    assert broken(*late, Refused("p-1", "invalid_request", 4.9)) == {"refusals_are_known"}
