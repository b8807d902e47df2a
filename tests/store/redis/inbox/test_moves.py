from __future__ import annotations

from notifyd.store.redis.inbox.moves import Move, Passed


def passed(offset: int) -> Passed:
    return Passed(offset, f"n{offset}", 1)  # type: ignore[arg-type]


def test_what_happens_later_comes_behind() -> None:
    move = Move("e", 3, [passed(3)], [(2, "dead")])
    move.join(Move("e", 5, [passed(5)], [(2, "delivered")]))
    assert (move.cursor, move.passed) == (5, [passed(3), passed(5)])
    assert move.ends == [(2, "dead"), (2, "delivered")]


def test_a_cursor_does_not_go_back() -> None:
    move = Move("e", 5)
    move.join(Move("e", 3))
    assert move.cursor == 5


def test_what_happened_in_another_epoch_is_forgotten() -> None:
    move = Move("old", 5, [passed(5)], [(6, "dead")])
    move.join(Move("new", 1, [passed(1)]))
    assert (move.epoch, move.cursor, move.passed, move.ends) == ("new", 1, [passed(1)], [])


def test_what_is_withheld_is_so_in_any_epoch() -> None:
    move = Move("", withheld=["n1"])  # type: ignore[list-item]
    move.join(Move("e", 5))
    move.join(Move("f", 1, withheld=["n2"]))  # type: ignore[list-item]
    assert (move.epoch, move.cursor, move.withheld) == ("f", 1, ["n1", "n2"])


def test_it_is_bounded() -> None:
    move = Move("e")
    for offset in range(5000):
        move.join(Move("e", offset, [passed(offset)], [(offset, "dead")]))
    assert (len(move.passed), len(move.ends), move.cursor) == (2000, 2000, 4999)
