"""From the history to live: without a gap, without a repeat, and never faster than the subscriber reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import Exhausted, Invalid
from notifyd.ingress.edge.replay import Writer, receive_and_replay, subscribe_and_replay
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.position import StreamPosition
from notifyd.store.options import BrokerLimits, HistoryLimits
from tests.service.node import OPERATOR, Node, RecordingLink, endings, open_node, text_of, writes
from tests.store.samples import expire

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.publication import Publication
    from notifyd.service.receiving.subscribe import Subscription


class Reader(RecordingLink):
    """A link whose peer reads when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = True
        self.reads = trio.Event()
        self.encoded = 0

    def read(self) -> None:
        """Everything that waits is taken."""
        self.reads.set()
        self.reads = trio.Event()

    async def drained(self) -> bool:
        if self.writes:
            await self.reads.wait()
        return self.alive

    def encode(self, publication: Publication) -> bytes:
        self.encoded += 1
        return text_of(publication)


class Quick(Reader):
    """One whose peer reads at once."""

    async def drained(self) -> bool:
        await trio.lowlevel.checkpoint()
        return self.alive


def announce(subscription: Subscription) -> bytes:
    return f"at/{subscription.position.offset}/{subscription.recovered}/{len(subscription.replay)} ".encode()


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 20)
    return await open_node(nursery, BrokerLimits(history=HistoryLimits(max_publications=50)))


def reader(node: Node, link: Reader) -> Connection:
    connection = node.connector.admit(link)
    node.connector.enter(connection, OPERATOR)
    return connection


def since(node: Node, offset: int) -> StreamPosition:
    return StreamPosition(node.broker.history.position(DEFAULT_CLIENT, "news").epoch, offset)


async def replay(node: Node, connection: Connection, offset: int | None, *, page_bytes: int = 21) -> None:
    """Resume behind *offset*; a page holds three publications with numbers of one digit."""
    link = connection.link
    assert isinstance(link, Reader)
    writer = Writer(link.encode, announce, link.drained, page_bytes)
    position = None if offset is None else since(node, offset)
    with trio.fail_after(20):
        await subscribe_and_replay(node.subscriber, connection, "news", position, writer)


def received(connection: Connection) -> list[int]:
    """The offsets that were written, in order."""
    words = " ".join(writes(connection)).split()
    return [int(word.removeprefix("news/")) for word in words if word.startswith("news/")]


async def test_without_a_position_it_is_live_at_once(node: Node) -> None:
    await node.published(count=3)
    connection = reader(node, Reader())
    await replay(node, connection, None)
    await node.published()
    assert writes(connection) == ["at/3/None/0", "news/4"]


async def test_what_fits_one_page_is_one_write_with_the_answer(node: Node) -> None:
    await node.published(count=5)
    connection = reader(node, Reader())
    await replay(node, connection, 2)
    assert writes(connection) == ["at/5/True/3 news/3 news/4 news/5"]
    assert node.counters.replayed == 3


async def test_more_is_written_page_by_page(node: Node) -> None:
    await node.published(count=9)
    connection = reader(node, Quick())
    await replay(node, connection, 1)
    assert writes(connection) == ["at/9/True/8 news/2 news/3 news/4", "news/5 news/6 news/7", "news/8 news/9"]
    await node.published()
    assert received(connection) == list(range(2, 11))


async def test_a_publication_larger_than_a_page_is_a_page(node: Node) -> None:
    await node.published(count=3)
    connection = reader(node, Quick())
    await replay(node, connection, 0, page_bytes=1)
    assert received(connection) == [1, 2, 3]


async def test_a_position_that_cannot_be_continued_is_told_and_nothing_is_replayed(node: Node) -> None:
    await node.published(count=3)
    connection = reader(node, Reader())
    await replay(node, connection, 9)
    await node.published()
    assert writes(connection) == ["at/3/False/0", "news/4"]


async def test_nothing_is_written_before_the_peer_has_read(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=9)
    connection = reader(node, Reader())
    nursery.start_soon(replay, node, connection, 0)
    await trio.testing.wait_all_tasks_blocked()
    assert len(writes(connection)) == 1
    assert isinstance(connection.link, Reader)
    connection.link.read()
    await trio.testing.wait_all_tasks_blocked()
    assert len(writes(connection)) == 2
    # one page is on the wire, one is ready
    assert connection.link.encoded <= 9


async def test_pages_are_encoded_as_they_are_needed(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=40)
    connection = reader(node, Reader())
    nursery.start_soon(replay, node, connection, 0)
    await trio.testing.wait_all_tasks_blocked()
    assert isinstance(connection.link, Reader)
    assert connection.link.encoded < 12


async def test_what_is_published_meanwhile_follows_in_order(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=20)
    connection = reader(node, Quick())
    async with trio.open_nursery() as both:
        both.start_soon(replay, node, connection, 0)
        for _ in range(20):
            await node.published()
    await node.published()
    assert received(connection) == list(range(1, 42))


async def test_many_publishers_and_subscribers_at_once_leave_no_gap_and_no_repeat(node: Node) -> None:
    await node.published(count=30)
    connections = [reader(node, Quick()) for _ in range(10)]
    async with trio.open_nursery() as all_at_once:
        for number, connection in enumerate(connections):
            all_at_once.start_soon(replay, node, connection, number)
        for _ in range(15):
            await node.published()
    await node.published()
    assert [received(connection) for connection in connections] == [list(range(number + 1, 47)) for number in range(10)]


async def test_one_that_was_subscribed_gets_nothing_live_between_the_pages(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=9)
    connection = reader(node, Reader())
    await replay(node, connection, None)
    assert isinstance(connection.link, Reader)
    nursery.start_soon(replay, node, connection, 0)
    await trio.testing.wait_all_tasks_blocked()
    await node.published()
    for _ in range(8):
        connection.link.read()
        await trio.testing.wait_all_tasks_blocked()
    assert received(connection) == list(range(1, 11))


async def test_one_whose_next_publications_are_gone_is_too_slow(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=9)
    connection = reader(node, Reader())
    nursery.start_soon(replay, node, connection, 0)
    await trio.testing.wait_all_tasks_blocked()
    await node.published(count=60)
    assert isinstance(connection.link, Reader)
    for _ in range(5):
        connection.link.read()
        await trio.testing.wait_all_tasks_blocked()
    assert (endings(connection), received(connection)) == ([SLOW_CONSUMER], list(range(1, 10)))
    assert node.counters.slow_consumers == 1
    assert node.hub.subscriber_count(DEFAULT_CLIENT, "news") == 0


@pytest.mark.parametrize("room", [0, 1])
async def test_one_whose_outbox_takes_nothing_is_too_slow(node: Node, room: int) -> None:
    await node.published(count=9)
    connection = reader(node, Quick())
    assert isinstance(connection.link, Reader)
    connection.link.limit = room
    await replay(node, connection, 0)
    assert (endings(connection), len(writes(connection))) == ([SLOW_CONSUMER], room)
    assert node.hub.subscriber_count(DEFAULT_CLIENT, "news") == 0


async def test_an_answer_that_does_not_fit_is_too_slow_as_well(node: Node) -> None:
    connection = reader(node, Reader())
    assert isinstance(connection.link, Reader)
    connection.link.limit = 0
    await replay(node, connection, None)
    assert endings(connection) == [SLOW_CONSUMER]


async def test_a_dead_link_ends_the_replay(node: Node) -> None:
    await node.published(count=9)
    connection = reader(node, Quick())
    assert isinstance(connection.link, Reader)
    connection.link.alive = False
    await replay(node, connection, 0)
    assert (writes(connection), endings(connection)) == ([], [])
    assert node.hub.subscriber_count(DEFAULT_CLIENT, "news") == 0


async def test_one_that_was_ended_meanwhile_is_sent_nothing_more(node: Node, nursery: trio.Nursery) -> None:
    await node.published(count=9)
    connection = reader(node, Reader())
    nursery.start_soon(replay, node, connection, 0)
    await trio.testing.wait_all_tasks_blocked()
    node.connector.leave(connection)
    assert isinstance(connection.link, Reader)
    connection.link.read()
    await trio.testing.wait_all_tasks_blocked()
    assert len(writes(connection)) == 1
    assert node.hub.subscriber_count(DEFAULT_CLIENT, "news") == 0


async def test_what_is_refused_writes_nothing(node: Node) -> None:
    connection = reader(node, Reader())
    writer = Writer(text_of, announce, connection.link.drained, 10)  # type: ignore[attr-defined]
    with pytest.raises(Invalid):
        await subscribe_and_replay(node.subscriber, connection, "", None, writer)
    for number in range(5):
        node.hub.subscribe(connection, str(number), offset=0)
    with pytest.raises(Exhausted):
        await subscribe_and_replay(node.subscriber, connection, "news", since(node, 0), writer)
    assert writes(connection) == []


def user(node: Node, link: Reader) -> Connection:
    connection = node.connector.admit(link)
    node.connector.enter(connection, node.connector.token_principal(node.token("alice")))
    return connection


async def told(node: Node, count: int) -> None:
    for _ in range(count):
        await node.tell("alice")
    await node.dispatch()


async def receive(node: Node, connection: Connection, offset: int | None = None) -> None:
    """Receive the inbox, from its cursor or behind *offset*; a page holds three."""
    link = connection.link
    assert isinstance(link, Reader)
    writer = Writer(link.encode, announce, link.drained, 24)
    epoch = node.broker.inbox.position(DEFAULT_CLIENT, UserId("alice")).epoch
    position = None if offset is None else StreamPosition(epoch, offset)
    with trio.fail_after(20):
        await receive_and_replay(node.inboxes, node.subscriber, connection, position, writer)


def cursor(node: Node) -> int:
    info = node.inboxes.info(DEFAULT_CLIENT, UserId("alice"))
    return 0 if info is None else info.cursor


async def test_an_inbox_is_written_from_its_cursor_page_by_page_and_proves_nothing(node: Node) -> None:
    await told(node, 8)
    connection = user(node, Quick())
    await receive(node, connection)
    pages = [f"alice@{n} alice@{n + 1} alice@{n + 2}" for n in (1, 4)]
    assert writes(connection) == [f"at/8/None/8 {pages[0]}", pages[1], "alice@7 alice@8"]
    await told(node, 1)
    assert writes(connection)[-1] == "alice@9"
    assert cursor(node) == 0


async def test_an_inbox_resumed_behind_a_position_has_what_came_before_it(node: Node) -> None:
    await told(node, 3)
    connection = user(node, Quick())
    await receive(node, connection, 2)
    assert (writes(connection), cursor(node)) == (["at/3/True/1 alice@3"], 2)


async def test_what_comes_into_an_inbox_meanwhile_follows_in_order(node: Node) -> None:
    await told(node, 9)
    connection = user(node, Quick())
    async with trio.open_nursery() as both:
        both.start_soon(receive, node, connection)
        for _ in range(9):
            await told(node, 1)
    words = " ".join(writes(connection)).split()
    assert [word for word in words if word.startswith("alice")] == [f"alice@{n}" for n in range(1, 19)]
