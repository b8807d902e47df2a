from __future__ import annotations

import trio

from notifyd.app.workers.messages import MessageSocket, News, Order, message_pair
from notifyd.service.daemon import Listener


async def test_messages_come_whole_and_in_order() -> None:
    kept, given = message_pair()
    other = MessageSocket(given)
    said = [News("ready", listeners=[Listener("http", "http://127.0.0.1:1")]), News("drain", 2.5), News("alive")]
    assert all(kept.tell(news) for news in said)
    assert [await other.hear(News) for _ in said] == said
    kept.close()
    other.close()


async def test_what_comes_late_is_waited_for() -> None:
    kept, given = message_pair()
    other = MessageSocket(given)
    async with trio.open_nursery() as nursery:

        async def hear() -> None:
            assert await other.hear(Order) == Order("reload")

        nursery.start_soon(hear)
        await trio.testing.wait_all_tasks_blocked()
        kept.tell(Order("reload"))
    kept.close()
    other.close()


async def test_an_end_that_is_gone_is_noticed_on_both_sides() -> None:
    kept, given = message_pair()
    given.close()
    assert not kept.tell(Order("drain"))
    assert await kept.hear(News) is None
    kept.close()


async def test_who_does_not_listen_is_not_waited_for() -> None:
    kept, given = message_pair()
    with given:
        while kept.tell(Order("reload")):
            pass
    kept.close()
