"""From what is kept to live, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, Exhausted, NotifydError
from notifyd.ingress.edge.catch_up import FIRST_PAGE_MARK, CatchUps, Gap
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.publication import Publication
from tests.service.node import Node, RecordingLink, endings, open_node, writes
from tests.store.samples import expire, notification

if TYPE_CHECKING:
    import trio

    from notifyd.hub.connection import Connection


class Shelf:
    """A source that the test fills, and that says what happens to it."""

    def __init__(self, *counts: int, channel: str | None = None) -> None:
        self.channel = channel
        self.left = [list(range(count)) for count in counts]
        self.problem: Exception | None = None
        self.log: list[str] = []

    def missing(self) -> list[Publication]:
        if self.problem is not None:
            raise self.problem
        numbers = self.left.pop(0) if self.left else []
        return [Publication(notification(data=b"%d" % number), "e", number + 1) for number in numbers]

    def encode(self, publication: Publication) -> bytes:
        return b"%b " % publication.notification.data

    def arrived(self) -> None:
        self.log.append("arrived")

    def go_live(self) -> None:
        self.log.append("live")

    def written(self) -> None:
        self.log.append("written")


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 20)
    return await open_node(nursery)


@pytest.fixture
def connection(node: Node) -> Connection:
    return node.connect()


@pytest.fixture
def refusals() -> list[NotifydError]:
    return []


@pytest.fixture
def catch_ups(node: Node, connection: Connection, refusals: list[NotifydError]) -> CatchUps:
    # Room for five: before it is encoded, a frame is taken to have 250 bytes beside its data.
    return CatchUps(connection, node.subscriber, 260, refusals.append)


def marks(connection: Connection) -> list[int]:
    assert isinstance(connection.link, RecordingLink)
    return connection.link.marks


async def test_what_fits_a_page_is_written_and_live_at_once(
    node: Node, connection: Connection, catch_ups: CatchUps
) -> None:
    shelf = Shelf(3)
    catch_ups.begin(shelf)
    assert (writes(connection), shelf.log, marks(connection)) == (["0 1 2"], ["live", "written"], [])
    assert node.counters.replayed == 3


async def test_nothing_is_missing(connection: Connection, catch_ups: CatchUps) -> None:
    shelf = Shelf()
    catch_ups.begin(shelf)
    assert (writes(connection), shelf.log) == ([], ["live", "written"])


async def test_each_page_waits_for_the_proof_of_the_one_before(connection: Connection, catch_ups: CatchUps) -> None:
    shelf = Shelf(10)
    catch_ups.begin(shelf)
    assert writes(connection) == ["0 1 2 3 4"]
    assert catch_ups.proven(FIRST_PAGE_MARK), "an older one, which proves nothing"
    assert len(writes(connection)) == 1
    assert catch_ups.proven(marks(connection)[-1])
    assert (writes(connection)[1:], shelf.log) == (["5 6 7 8 9"], ["arrived", "live", "written"])


async def test_a_mark_of_the_inbox_is_somebody_elses(catch_ups: CatchUps) -> None:
    assert not catch_ups.proven(7)


async def test_what_came_meanwhile_is_read_before_it_is_live(connection: Connection, catch_ups: CatchUps) -> None:
    shelf = Shelf(2, 2)
    catch_ups.begin(shelf)
    assert (writes(connection), shelf.log) == (["0 1 0 1"], ["live", "written"])


async def test_the_next_source_waits_until_the_one_before_is_live(connection: Connection, catch_ups: CatchUps) -> None:
    first, second = Shelf(8), Shelf(1, channel="news")
    catch_ups.begin(first)
    catch_ups.begin(second)
    assert second.log == []
    catch_ups.proven(marks(connection)[-1])
    assert (first.log, second.log) == (["arrived", "live", "written"], ["live", "written"])
    assert writes(connection)[1:] == ["5 6 7", "0"]


async def test_a_gap_ends_the_connection(connection: Connection, catch_ups: CatchUps) -> None:
    shelf = Shelf(8)
    catch_ups.begin(shelf)
    shelf.problem = Gap()
    catch_ups.proven(marks(connection)[-1])
    assert (endings(connection), shelf.log) == ([SLOW_CONSUMER], ["arrived"])


async def test_a_refusal_is_told_and_the_next_source_goes_on(
    connection: Connection, catch_ups: CatchUps, refusals: list[NotifydError]
) -> None:
    first, second = Shelf(8), Shelf(1, channel="news")
    catch_ups.begin(first)
    catch_ups.begin(second)
    first.problem = Denied("not any more")
    catch_ups.proven(marks(connection)[-1])
    assert ([str(problem) for problem in refusals], second.log, endings(connection)) == (
        ["not any more"],
        ["live", "written"],
        [],
    )


async def test_a_page_that_is_not_taken_ends_the_connection(
    node: Node, connection: Connection, catch_ups: CatchUps
) -> None:
    assert isinstance(connection.link, RecordingLink)
    connection.link.limit = 0
    catch_ups.begin(Shelf(8))
    assert (endings(connection), node.counters.slow_consumers) == ([SLOW_CONSUMER], 1)


async def test_one_that_has_ended_is_sent_nothing_more(connection: Connection, catch_ups: CatchUps) -> None:
    catch_ups.begin(Shelf(8))
    connection.end(SLOW_CONSUMER)
    catch_ups.proven(marks(connection)[-1])
    assert len(writes(connection)) == 1


async def test_a_source_that_is_dropped_makes_room_for_the_next(connection: Connection, catch_ups: CatchUps) -> None:
    first, second, third = Shelf(8, channel="one"), Shelf(1, channel="two"), Shelf(1, channel="three")
    for shelf in (first, second, third):
        catch_ups.begin(shelf)
    catch_ups.drop("two")
    assert third.log == [], "the one under way goes on"
    catch_ups.drop("one")
    assert (first.log, second.log, third.log) == ([], [], ["live", "written"])
    assert catch_ups.proven(marks(connection)[-1]), "of a page that nobody waits for any more"


async def test_no_more_wait_than_may_be_subscribed_to(node: Node, catch_ups: CatchUps) -> None:
    for number in range(node.subscriber.rules.max_subscriptions):
        catch_ups.check_room()
        catch_ups.begin(Shelf(8, channel=str(number)))
    with pytest.raises(Exhausted, match="catching up"):
        catch_ups.check_room()
