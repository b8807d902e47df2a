from __future__ import annotations

import pytest

from notifyctl.screen import watchful_views
from notifyctl.screen.looks import Figures
from tests.cli.samples import HOSTILE
from tests.cli.screen.looks import at, cut, look, node, slow, trouble


def test_who_does_not_keep_up() -> None:
    here, gone = watchful_views.slow(look())
    assert (here.who, here.outbox, here.mood, here.seconds) == ("key_84214d4b4f1387b8", "878.9 KiB", "warn", 42.0)
    assert (gone.who, gone.share, gone.mood, gone.seconds) == ("shop/alice", None, "bad", 5.0)


def test_who_was_cut_off_long_ago_is_no_news() -> None:
    gone = watchful_views.slow(look(slow=[], cut=[cut(), cut(at=at(-300)), cut(at=at(-3600))]))
    assert [each.mood for each in gone] == ["bad", ""]


def test_nothing_hostile_is_shown() -> None:
    bad = {"id": HOSTILE, "transport": HOSTILE, "address": HOSTILE}
    rows = watchful_views.slow(
        look(slow=[slow(**bad, node=HOSTILE, user_id=HOSTILE)], cut=[cut(**bad, user_id=HOSTILE)])
    )
    hostile = '{"a":"\\u001b[31m"}'
    said = f"{rows}{watchful_views.troubles(look(troubles=[trouble(HOSTILE, HOSTILE, hostile)]))}"
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_the_log_begins_with_the_latest_and_leaves_tracebacks_out() -> None:
    latest, before = watchful_views.troubles(look())
    assert (latest.event, latest.fields, latest.mood) == ("dispatch_fault", "leases=3", "bad")
    assert (before.event, before.mood) == ("key_rejected", "warn")


@pytest.mark.parametrize(
    ("changes", "mood"),
    [({}, ""), ({"lag_seconds": 0.9}, "warn"), ({"state": "draining"}, "warn"), ({"state": "degraded"}, "bad"),
     ({"at": at(-60)}, "bad")],
    ids=str,
)  # fmt: skip
def test_how_a_node_is(changes: dict[str, object], mood: str) -> None:
    taken = Figures()
    told = look(nodes=[node("a", self=True), node("b", **changes)])
    taken.take(told)
    assert watchful_views.nodes(taken, told)[1].mood == mood
