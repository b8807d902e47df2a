from __future__ import annotations

from notifyd.store.memory.ages import Ages


class Run:
    """Keeps instants, the oldest first."""

    def __init__(self, number: int, *instants: int) -> None:
        self.id = number
        self.ageing = False
        self.instants = list(instants)

    def empty(self) -> bool:
        return not self.instants

    def leaves_at(self) -> int:
        return self.instants[0]


def watching(*runs: Run) -> Ages[Run]:
    ages: Ages[Run] = Ages()
    for run in runs:
        ages.watch(run)
    return ages


def test_the_oldest_of_all_comes_first() -> None:
    old, new = Run(1, 5, 9), Run(2, 7)
    ages = watching(new, old)
    order = []
    while (run := ages.oldest()) is not None:
        order.append(run.instants.pop(0))
    assert order == [5, 7, 9]
    assert len(ages) == 0


def test_a_run_is_watched_once() -> None:
    run = Run(1, 5)
    ages = watching(run, run)
    assert len(ages) == 1
    run.instants.clear()
    assert ages.oldest() is None
    run.instants.append(8)
    ages.watch(run)
    assert ages.oldest() is run


def test_runs_that_are_gone_do_not_pile_up() -> None:
    ages = watching(*[Run(number, number) for number in range(200)])
    left = Run(500, 500)
    ages.watch(left)
    ages.compact([left])
    assert len(ages) == 1
    ages.compact([])
    assert ages.oldest() is left


def test_other_ages_are_taken_up() -> None:
    first, second = Run(1, 1), Run(2, 2)
    ages = watching(first, second)
    first.instants[0] = 9
    first_again, empty = Run(3, 0), Run(4)
    ages.rebuild([first, second, first_again, empty])
    assert [ages.oldest(), empty.ageing, len(ages)] == [first_again, False, 3]
