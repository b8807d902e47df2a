"""Frames that are made once for all who read the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.model.position import StreamPosition
from notifyd.wire.recent import RecentFrames
from tests.wire.publications import publication

if TYPE_CHECKING:
    from notifyd.model.publication import Publication


class Counting:
    def __init__(self) -> None:
        self.made = 0
        self.filling = 0

    def __call__(self, publication: Publication) -> bytes:
        self.made += 1
        return b"%d/%d" % (publication.offset, publication.attempt) + bytes(self.filling)


def test_a_publication_is_encoded_once() -> None:
    counting = Counting()
    recent = RecentFrames(counting)
    assert [recent(publication(offset=1)) for _ in range(3)] == [b"1/1"] * 3
    assert counting.made == 1


def test_another_place_is_another_frame() -> None:
    recent = RecentFrames(Counting())
    assert recent(publication(offset=1)) != recent(publication(offset=2))


def test_a_later_try_is_made_anew() -> None:
    recent = RecentFrames(Counting())
    recent(publication(offset=1))
    assert recent(replace(publication(offset=1), attempt=2)) == b"1/2"


def test_what_comes_from_inboxes_is_not_shared() -> None:
    counting = Counting()
    recent = RecentFrames(counting)
    mine = replace(publication(offset=1), inbox=StreamPosition("e1", 1))
    recent(mine)
    recent(mine)
    assert counting.made == 2


def test_only_the_latest_are_remembered() -> None:
    counting = Counting()
    recent = RecentFrames(counting)
    for offset in range(1, 300):
        recent(publication(offset=offset))
    recent(publication(offset=299))
    assert counting.made == 299
    recent(publication(offset=1))
    assert counting.made == 300


def test_large_frames_do_not_pile_up() -> None:
    counting = Counting()
    recent = RecentFrames(counting)
    counting.filling = 400_000
    for offset in (1, 2, 3, 2, 3):
        recent(publication(offset=offset))
    assert counting.made == 3
    recent(publication(offset=1))
    assert counting.made == 4
    counting.filling = 2_000_000
    assert len(recent(publication(offset=4))) > 2_000_000
    counting.filling = 0
    for _ in range(2):
        recent(publication(offset=5))
    assert counting.made == 6
