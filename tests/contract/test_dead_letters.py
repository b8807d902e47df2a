"""What every engine promises about what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from notifyd.errors import Conflict, QueueFull
from notifyd.model.dead_letter import Stage
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeadLetterId, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.options import BrokerLimits, DeadLetterLimits, QueueLimits
from notifyd.store.ports import Lane, Lease, Outcome
from tests.store.samples import T0, accept, counted, dispatch, for_users, letter, notification, push_of

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import Notification
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker

ALL = DeadLetterQuery()


async def die(broker: Broker, *notifications: Notification, lane: Lane = Lane.LIVE, now: int = T0) -> list[Lease]:
    """Accept *notifications* and give each up."""
    await accept(broker, *notifications)
    leases = await broker.queue.lease(limit=9, lease_seconds=30, now=now, lane=lane)
    await broker.queue.settle([Outcome(held, State.DEAD, reason="fault", error="it broke") for held in leases], now=now)
    return leases


async def listed(broker: Broker, query: DeadLetterQuery = ALL, *, limit: int = 99) -> list[str]:
    return [each.id for each in await broker.dead_letters.letters(query, limit=limit)]


async def put_back(broker: Broker, *letters: DeadLetter) -> None:
    for pending in broker.dead_letters.requeue(letters, [each.notification for each in letters], now=T0):
        await pending.result()


async def keep(broker: Broker, *letters: DeadLetter) -> None:
    await broker.dead_letters.add(letters, now=T0).wait()


async def test_what_dies_in_the_queue_is_a_dead_letter(broker: Broker) -> None:
    one = notification()
    await accept(broker, one)
    broker.queue.release(await broker.queue.lease(limit=1, lease_seconds=30, now=T0), due_at=T0)
    (held,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.queue.settle([Outcome(held, State.DEAD, reason="fault", error="it broke")], now=T0 + 5)
    found = await broker.dead_letters.find(None, DeadLetterId(one.id))
    assert found is not None
    assert found.notification == one
    assert (found.stage, found.reason, found.error, found.attempts, found.died_at) == (
        Stage.DISPATCH,
        "fault",
        "it broke",
        2,
        T0 + 5,
    )


@pytest.mark.parametrize("state", [State.EXPIRED, State.DISPATCHED])
async def test_nothing_else_is(broker: Broker, state: State) -> None:
    await accept(broker, notification())
    (held,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.queue.settle([Outcome(held, state)], now=T0)
    assert broker.dead_letters.usage() == (0, 0)


async def test_what_was_stamped_dies_whole(broker: Broker) -> None:
    """What must not reach those who resume is still whole in its letter."""
    one = notification()
    await accept(broker, one)
    leases = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.history.append(leases, now=T0)
    await broker.queue.settle([Outcome(leases[0], State.DEAD)], now=T0)
    (found,) = await broker.dead_letters.letters(ALL, limit=9)
    assert found.notification == one


async def test_pushes_and_webhooks_die_as_what_they_are(broker: Broker) -> None:
    parent = for_users("anna")
    await accept(broker, parent)
    push = push_of(parent, "anna")
    await die(broker, push, lane=Lane.PUSH)
    event = notification("audit", kind=Kind.WEBHOOK, parent=parent.id)
    await die(broker, event, lane=Lane.WEBHOOK)
    first, second = await broker.dead_letters.letters(ALL, limit=9, oldest_first=True)
    assert (first.stage, first.user_id, first.notification_id) == (Stage.PUSH, "anna", parent.id)
    assert (second.stage, second.user_id, second.notification_id) == (Stage.WEBHOOK, "", parent.id)
    receipt = await broker.receipts.find(None, parent.id)
    assert receipt is not None
    assert [(event.happening, event.user_id, event.receiver) for event in receipt.timeline] == [
        (Happening.ACCEPTED, "", ""),
        (Happening.DEAD, "anna", ""),
        (Happening.DEAD, "", "audit"),
    ]


async def test_nobody_finds_a_letter_of_another(broker: Broker) -> None:
    one = letter()
    await keep(broker, one)
    assert await broker.dead_letters.find(one.client_id, one.id) == one
    assert await broker.dead_letters.find(None, one.id) == one
    assert await broker.dead_letters.find(ClientId("other"), one.id) is None
    assert await broker.dead_letters.find(None, DeadLetterId("unknown")) is None


async def test_one_with_the_id_of_another_replaces_it(broker: Broker) -> None:
    one = letter()
    again = msgspec.structs.replace(one, reason="again", died_at=T0 + 1)
    await keep(broker, one, letter(at=T0), again)
    assert await broker.dead_letters.find(None, one.id) == again
    assert (await listed(broker))[0] == one.id
    assert broker.dead_letters.usage()[0] == 2


async def test_letters_are_listed_by_death_the_newest_first(broker: Broker) -> None:
    made = [letter(at=T0 + 2), letter(at=T0), letter(at=T0 + 1)]
    await keep(broker, *made)
    assert await listed(broker) == [made[place].id for place in (0, 2, 1)]
    assert [each.id for each in await broker.dead_letters.letters(ALL, limit=2, oldest_first=True)] == [
        made[1].id,
        made[2].id,
    ]
    assert await listed(broker, limit=0) == []


@pytest.mark.parametrize("oldest_first", [False, True])
async def test_a_page_goes_on_behind_the_last_one(broker: Broker, oldest_first: bool) -> None:
    made = [letter(at=T0 + number // 2) for number in range(7)]
    await keep(broker, *made)
    order = [each.id for each in (made if oldest_first else reversed(made))]
    seen: list[str] = []
    after: DeadLetterId | None = None
    while page := await broker.dead_letters.letters(ALL, limit=3, after=after, oldest_first=oldest_first):
        seen += [each.id for each in page]
        after = page[-1].id
    assert seen == order


async def test_there_is_no_page_behind_what_is_gone(broker: Broker) -> None:
    made = [letter(), letter()]
    await keep(broker, *made)
    await broker.dead_letters.remove([made[1].id])
    assert await broker.dead_letters.letters(ALL, limit=9, after=made[1].id) == []


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (DeadLetterQuery(client_id=ClientId("other")), [3]),
        (DeadLetterQuery(stage=Stage.PUSH), [1]),
        (DeadLetterQuery(reason="refused"), [2]),
        (DeadLetterQuery(channel="news"), [2]),
        (DeadLetterQuery(user_id=UserId("anna")), [1]),
        (DeadLetterQuery(notification_id=NotificationId("parent")), [1]),
        (DeadLetterQuery(since=T0 + 1), [3, 2, 1]),
        (DeadLetterQuery(until=T0 + 1), [0]),
        (DeadLetterQuery(since=T0 + 1, until=T0 + 3), [2, 1]),
        (DeadLetterQuery(stage=Stage.DISPATCH, reason="fault"), [3, 0]),
        (DeadLetterQuery(reason="nothing"), []),
    ],
)
async def test_a_filter_shows_what_fits(broker: Broker, query: DeadLetterQuery, places: list[int]) -> None:
    push = notification("", kind=Kind.PUSH, users=["anna"], parent="parent")
    made = [
        letter(at=T0),
        letter(push, at=T0 + 1),
        letter(notification("news"), at=T0 + 2, reason="refused"),
        letter(notification(client=ClientId("other")), at=T0 + 3),
    ]
    await keep(broker, *made)
    assert await listed(broker, query) == [made[place].id for place in places]
    assert await broker.dead_letters.count(query) == len(places)


async def test_what_is_dropped_is_gone(broker: Broker) -> None:
    made = [letter(), letter(), letter()]
    await keep(broker, *made)
    gone = await broker.dead_letters.remove([made[0].id, DeadLetterId("unknown"), made[2].id, made[0].id])
    assert gone == [made[0].id, made[2].id]
    assert await listed(broker) == [made[1].id]
    assert await broker.dead_letters.remove([made[0].id]) == []


async def test_a_letter_that_is_put_back_is_dispatched(broker: Broker) -> None:
    one = notification()
    await die(broker, one)
    (found,) = await broker.dead_letters.letters(ALL, limit=9)
    (pending,) = broker.dead_letters.requeue([found], [one], now=T0)
    assert (await pending.result()).id == one.id
    await broker.refresh()
    assert broker.dead_letters.usage() == (0, 0)
    waiting = await broker.receipts.find(None, one.id)
    assert waiting is not None
    assert (waiting.state, waiting.settled_at, waiting.reason, waiting.attempts) == (State.WAITING, 0, "", 0)
    (publication,) = await dispatch(broker, delivered=2, now=T0 + 9)
    assert publication.notification == one
    done = await broker.receipts.find(None, one.id)
    assert done is not None
    assert (done.state, done.settled_at, done.delivered) == (State.DISPATCHED, T0 + 9, 2)
    assert [event.happening for event in done.timeline] == [Happening.ACCEPTED, Happening.DEAD, Happening.DISPATCHED]


async def test_what_is_put_back_may_die_once_more(broker: Broker) -> None:
    one = notification()
    await die(broker, one)
    for number in range(1, 3):
        (found,) = await broker.dead_letters.letters(ALL, limit=9)
        await broker.dead_letters.requeue([found], [one], now=T0)[0].result()
        (held,) = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        await broker.queue.settle([Outcome(held, State.DEAD, reason=f"again{number}")], now=T0 + number)
    assert [each.reason for each in await broker.dead_letters.letters(ALL, limit=9)] == ["again2"]
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert (receipt.state, receipt.reason) == (State.DEAD, "again2")
    assert [event.detail for event in receipt.timeline] == ["", "fault", "again1", "again2"]


async def test_one_for_users_that_is_put_back_is_in_their_inboxes_once(broker: Broker) -> None:
    one = for_users("anna")
    attendance = broker.inbox.attend(DEFAULT_CLIENT, UserId("anna"))
    if attendance is not None:
        await attendance.wait()
    await accept(broker, one)
    leases = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
    await broker.history.append(leases, now=T0)
    await broker.queue.settle([Outcome(leases[0], State.DEAD)], now=T0)
    (found,) = await broker.dead_letters.letters(ALL, limit=9)
    await broker.dead_letters.requeue([found], [one], now=T0)[0].result()
    (publication,) = await dispatch(broker)
    kept = broker.inbox.since(DEFAULT_CLIENT, UserId("anna"), now=T0)
    assert kept.publications == [publication]
    assert publication.notification == one


async def test_a_letter_is_put_back_once(broker: Broker) -> None:
    one = letter()
    await keep(broker, one)
    pending = broker.dead_letters.requeue([one], [one.notification], now=T0)
    with pytest.raises(Conflict):
        await put_back(broker, one)
    assert await broker.dead_letters.remove([one.id]) == []
    await pending[0].result()
    with pytest.raises(Conflict):
        await put_back(broker, one)
    await broker.refresh()
    assert (await counted(broker)).waiting == 1


async def test_nothing_goes_on_under_an_id_that_waits(broker: Broker) -> None:
    one = notification()
    made = [letter(one), letter(one, id=DeadLetterId(f"{one.id}.a")), letter()]
    await keep(broker, *made)
    with pytest.raises(Conflict):
        await put_back(broker, *made[:2])
    pending = broker.dead_letters.requeue(made[:1], [one], now=T0)
    with pytest.raises(Conflict):
        await put_back(broker, made[1])
    await pending[0].result()
    with pytest.raises(Conflict):
        await put_back(broker, made[1])
    assert await listed(broker) == [made[2].id, made[1].id]


async def test_a_full_queue_takes_nothing_back(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(queue=QueueLimits(max_size=1)))
    made = [letter(), letter()]
    await keep(broker, *made)
    with pytest.raises(QueueFull):
        await put_back(broker, *made)
    assert await listed(broker) == [made[1].id, made[0].id]
    await broker.refresh()
    assert (await counted(broker)).waiting == 0


async def test_over_their_number_the_oldest_go(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(dead_letters=DeadLetterLimits(max_count=2)))
    made = [letter(at=T0 + 1), letter(at=T0), letter(at=T0 + 2)]
    await keep(broker, *made)
    assert await listed(broker) == [made[2].id, made[0].id]
    await die(broker, notification(), now=T0 + 3)
    await broker.refresh()
    assert broker.dead_letters.usage()[0] == 2


async def test_over_their_bytes_the_oldest_go(open_engine: OpenBroker) -> None:
    size = letter().size()
    broker = await open_engine(BrokerLimits(dead_letters=DeadLetterLimits(max_bytes=2 * size)))
    made = [letter(), letter(), letter()]
    await keep(broker, *made)
    assert await listed(broker) == [made[2].id, made[1].id]
    assert broker.dead_letters.usage() == (2, 2 * size)


async def test_over_age_they_go(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(dead_letters=DeadLetterLimits(max_age_seconds=10)))
    made = [letter(at=T0 - 5000), letter(at=T0)]
    await keep(broker, *made)
    assert await broker.dead_letters.trim(now=T0 + 4999) == 0
    assert await broker.dead_letters.trim(now=T0 + 5000) == 1
    assert await listed(broker) == [made[1].id]


async def test_bounds_may_change(broker: Broker) -> None:
    made = [letter(), letter(), letter()]
    await keep(broker, *made)
    broker.configure(BrokerLimits(dead_letters=DeadLetterLimits(max_count=1)))
    await broker.refresh()
    assert await listed(broker) == [made[2].id]


async def test_what_was_put_back_keeps_its_timeline(broker: Broker) -> None:
    one = notification()
    await die(broker, one)
    (found,) = await broker.dead_letters.letters(ALL, limit=9)
    await broker.dead_letters.requeue([found], [one], now=T0)[0].result()
    broker.receipts.note(one.id, TimelineEvent(T0 + 1, Happening.REQUEUED))
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert [event.happening for event in receipt.timeline] == [Happening.ACCEPTED, Happening.DEAD, Happening.REQUEUED]
