"""What the port cannot show of the history in memory: that nothing piles up in it."""

from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.store.memory.entry import Entry
from notifyd.store.memory.history import MemoryHistory
from notifyd.store.options import HistoryLimits
from tests.store.samples import T0, notification


def keep(history: MemoryHistory, channel: str = "orders", *, now: int = T0) -> None:
    history.keep(history.stamp([Entry.of(1, notification(channel))]), now=now)


def test_working_out_stamps_changes_nothing() -> None:
    history = MemoryHistory(HistoryLimits(), base_epoch="e")
    entries = [Entry.of(n, notification()) for n in range(3)]
    for _ in range(2):
        stamping = history.stamp(entries)
        assert [publication.offset for _, _, publication in stamping.stamped] == [1, 2, 3]
    assert history.usage() == (0, 0, 0)
    assert history.position(DEFAULT_CLIENT, "orders").offset == 0


@pytest.mark.parametrize(
    "limits",
    [HistoryLimits(max_publications=0), HistoryLimits(max_publications=2), HistoryLimits(max_bytes=1)],
    ids=["none kept", "two kept", "no bytes"],
)
def test_what_was_evicted_does_not_pile_up(limits: HistoryLimits) -> None:
    history = MemoryHistory(limits, base_epoch="e")
    for number in range(200):
        keep(history, now=T0 + number)
    assert len(history._ages) <= 1
    assert history.usage()[1] <= 2


def test_channels_are_forgotten_some_at_a_time() -> None:
    history = MemoryHistory(HistoryLimits(max_channels=32), base_epoch="e")
    for number in range(100):
        keep(history, f"c{number}")
        assert history.usage()[0] <= 32
    # each time costs a generation
    assert history.generation == (100 - 32 + 2) // 3


def test_the_channel_of_the_oldest_publication_is_found_again_and_again() -> None:
    size = notification().size()
    history = MemoryHistory(HistoryLimits(max_bytes=10 * size), base_epoch="e")
    for number in range(100):
        keep(history, f"channel-{number % 7}"[:6], now=T0 + number)
    assert history.usage()[1:] == (10, 10 * size)
    assert history.trim(now=T0 + 24 * 3_600_000 + 94) == 5


def test_epochs_tell_base_and_generation() -> None:
    history = MemoryHistory(HistoryLimits(), base_epoch="e", generation=3)
    assert (history.epoch(0), history.epoch(3)) == ("e", "e.3")
    assert history.position(DEFAULT_CLIENT, "new").epoch == "e.3"


def test_only_the_channel_of_that_number_holds_a_publication() -> None:
    history = MemoryHistory(HistoryLimits(max_publications=1), base_epoch="e")
    keep(history)
    keep(history)
    assert history.holds(DEFAULT_CLIENT, "orders", 1, 2)
    assert not history.holds(DEFAULT_CLIENT, "orders", 1, 1)
    assert not history.holds(DEFAULT_CLIENT, "orders", 2, 2)
    assert history.head(DEFAULT_CLIENT, "orders", 1) == 2
    assert history.head(DEFAULT_CLIENT, "orders", 2) is None
