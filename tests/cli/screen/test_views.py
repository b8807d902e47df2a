from __future__ import annotations

import pytest

from notifyctl.screen import views
from notifyctl.screen.looks import Figures
from notifyd.v1 import admin_pb2 as pb
from tests.cli.samples import HOSTILE
from tests.cli.screen.looks import figures, look, node, stats


@pytest.mark.parametrize(("share", "mood"), [(None, ""), (0.1, ""), (0.75, "warn"), (0.9, "bad"), (2, "bad")])
def test_how_bad_a_share_is(share: float | None, mood: str) -> None:
    assert views.mood_of(share) == mood


def test_meters_stand_against_what_the_machine_allows() -> None:
    taken = figures()
    assert taken.last is not None
    meters = {meter.label: meter for meter in views.head(taken, taken.last).meters}
    assert (meters["CPU"].said, meters["CPU"].share) == ("38% of 4 cores", 0.375)
    assert (meters["memory"].said, meters["memory"].mood) == ("50.0 MiB of 2.0 GiB", "")
    assert (meters["files"].said, meters["files"].mood) == ("15.5k of 20.0k", "warn")


def test_meters_without_a_bound() -> None:
    free = look(stats=stats(processors=0.0, memory_limit_bytes=0, open_files_limit=0))
    shown = {meter.label: (meter.said, meter.share) for meter in views.head(Figures(), free).meters}
    assert shown == {"CPU": ("-", None), "memory": ("50.0 MiB", None), "files": ("15.5k", None)}


def test_the_worst_node_is_the_state_of_the_service() -> None:
    away = pb.EngineStatus(name="queue", engine="redis", detail=f"away {HOSTILE}")
    nodes = [node("a", self=True), node("b", state="degraded")]
    shown = views.head(Figures(), look(nodes=nodes, away=[{"name": away.name, "detail": away.detail}]))
    assert (shown.state, shown.mood) == ("degraded", "bad")
    assert shown.away.startswith("queue: away")
    assert "\x1b" not in shown.away


def test_the_queue_is_as_full_as_its_nearer_bound() -> None:
    assert views.queue(look()).share == 0.82
    by_bytes = pb.QueueStats(waiting=1, max_size=10_000, waiting_bytes=95, max_bytes=100, paused=True)
    shown = views.queue(look(stats=stats(queue=by_bytes)))
    assert (shown.share, shown.mood) == (0.95, "bad")


def test_the_queue_tells_of_the_oldest_and_of_each_priority() -> None:
    shown = views.queue(look())
    assert shown.oldest == 95.0
    assert shown.priorities == ((10, 12), (7, 300), (5, 7000), (1, 888))


def test_channels_by_rate_and_by_subscribers() -> None:
    channels = [
        pb.ChannelCount(client_id="default", channel="calm", subscriber_count=9),
        pb.ChannelCount(client_id="shop", channel="busy", subscriber_count=1, publications_per_second=4),
    ]
    shown = look(stats={**stats(), "topChannels": [], "busiestChannels": []})
    assert views.channels(shown, "rate") == []
    told = stats(top_channels=channels)
    names = {order: [row.name for row in views.channels(look(stats=told), order)] for order in ("rate", "subscribers")}
    assert names["rate"][:2] == ["shop/busy"] * 1 + ["shop/orders.eu"]
    assert names["subscribers"][0] == "shop/orders.eu"
