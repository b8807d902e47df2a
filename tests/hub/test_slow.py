from __future__ import annotations

from notifyd.hub.slow import REMEMBERED
from notifyd.model.disconnect import SLOW_CONSUMER


def test_it_is_cut_off_once_and_remembered(hub, counters, connect):
    ann = connect("1", user="ann")
    ann.link.waiting = 7
    hub.slow.cut(ann)
    hub.slow.cut(ann)
    (cut,) = hub.slow.latest()
    assert (cut.id, cut.user_id, cut.transport, cut.address) == ("1", "ann", "websocket", "127.0.0.1")
    assert (cut.outbox_bytes, counters.slow_consumers) == (7, 1)
    assert ann.link.endings == [SLOW_CONSUMER] * 2


def test_the_latest_are_remembered_the_last_one_first(hub, connect):
    for number in range(REMEMBERED + 1):
        hub.slow.cut(connect(str(number)))
    latest = hub.slow.latest()
    assert (len(latest), latest[0].id, latest[-1].id) == (REMEMBERED, str(REMEMBERED), "1")


def test_one_that_nobody_knows_is_cut_off_too(hub, connect):
    stranger = connect("1")
    stranger.principal = None
    hub.slow.cut(stranger)
    assert hub.slow.latest()[0].client_id == ""


async def test_the_fan_out_cuts_off_who_does_not_read(hub, connect, publication):
    full = connect("1", limit=0)
    hub.subscribe(full, "a", offset=0)
    await hub.fan_out([publication("a", 1)])
    assert [cut.id for cut in hub.slow.latest()] == ["1"]
