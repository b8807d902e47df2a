from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Invalid, NotFound
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeadLetterId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.model.timeline import Happening
from notifyd.service.publishing.dead_letters import DeadLetters, stage_of
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.ports import Lane, Outcome
from tests.store.samples import HOUR, for_users, notification, push_of

if TYPE_CHECKING:
    from tests.service.node import Node


class Subscriptions:
    """Takes what is handed to subscriptions again."""

    def __init__(self) -> None:
        self.again: list[DeadLetter] = []
        self.gone = False

    async def redeliver(self, letter: DeadLetter) -> None:
        if self.gone:
            raise Conflict("the subscription is gone", code="subscription_gone")
        self.again.append(letter)


@pytest.fixture
def subscriptions() -> Subscriptions:
    return Subscriptions()


@pytest.fixture
def dead_letters(node: Node, subscriptions: Subscriptions) -> DeadLetters:
    broker = node.broker
    return DeadLetters(broker.dead_letters, broker.receipts, node.publisher, subscriptions, node.counters)


def letter(of: Notification, stage: Stage = Stage.WEBHOOK, *, user_id: str = "", **changes: Any) -> DeadLetter:
    details = {"reason": "refused", "error": "it said 500", "attempts": 3, "died_at": now_ms()} | changes
    return DeadLetter(DeadLetterId(f"{of.id}.x"), stage, of, user_id=UserId(user_id), **details)


async def keep(node: Node, *letters: DeadLetter) -> list[str]:
    await node.broker.dead_letters.add(letters, now=now_ms()).wait()
    return [each.id for each in letters]


async def kept(node: Node, count: int = 1, **changes: Any) -> list[str]:
    """The ids of letters of webhooks."""
    made = [letter(notification("hook", kind=Kind.WEBHOOK, at=now_ms()), **changes) for _ in range(count)]
    return await keep(node, *made)


async def died(node: Node) -> str:
    """The id of a notification that was given up on its way to the hub."""
    identifier = await node.publish()
    (lease,) = await node.broker.queue.lease(limit=1, lease_seconds=30, now=now_ms())
    outcome = Outcome(lease, State.DEAD, reason="fault", error="the hub fell over")
    await node.broker.queue.settle([outcome], now=now_ms())
    return identifier


async def test_what_was_given_up_is_told_with_what_happened(node: Node, dead_letters: DeadLetters) -> None:
    identifier = await died(node)
    shown = await dead_letters.show(DEFAULT_CLIENT, identifier)
    assert (shown.letter.stage, shown.letter.reason, shown.letter.error) == (
        Stage.DISPATCH,
        "fault",
        "the hub fell over",
    )
    assert [event.happening for event in shown.timeline][-1] is Happening.DEAD


async def test_one_is_found_by_its_notification_where_that_has_no_other(node: Node, dead_letters: DeadLetters) -> None:
    of = notification("hook", kind=Kind.WEBHOOK, at=now_ms())
    (only,) = await keep(node, letter(of))
    assert (await dead_letters.get(None, of.id)).id == only
    await keep(node, msgspec.structs.replace(letter(of), id=DeadLetterId(f"{of.id}.y")))
    with pytest.raises(NotFound, match=only):
        await dead_letters.get(None, of.id)


async def test_another_clients_is_not_found(node: Node, dead_letters: DeadLetters) -> None:
    identifier = await died(node)
    for client_id, named in ((ClientId("other"), identifier), (None, "nothing")):
        with pytest.raises(NotFound):
            await dead_letters.get(client_id, named)


async def test_what_is_put_back_is_dispatched_under_its_id(node: Node, dead_letters: DeadLetters) -> None:
    node.hub.subscribe(node.connect(), "news", offset=0)
    identifier = await died(node)
    (result,) = await dead_letters.retry([identifier])
    assert (result.notification_id, result.refused) == (identifier, None)
    assert await dead_letters.count(DeadLetterQuery()) == 0
    await node.dispatch()
    receipt = await node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert (receipt.state, receipt.delivered) == (State.DISPATCHED, 1)
    assert Happening.REQUEUED in [event.happening for event in receipt.timeline]
    assert node.counters.requeued == 1


async def test_one_that_is_refused_does_not_stop_the_others(node: Node, dead_letters: DeadLetters) -> None:
    old = letter(notification("hook", kind=Kind.WEBHOOK, at=now_ms() - 2 * HOUR, ttl=HOUR))
    ids = [*await kept(node), *await keep(node, old), "nothing", *await kept(node)]
    results = await dead_letters.retry(ids)
    assert [result.refused and result.refused.code for result in results] == [
        None,
        "expired",
        "dead_letter_not_found",
        None,
    ]
    assert await dead_letters.count(DeadLetterQuery()) == 1
    (again,) = await dead_letters.retry([old.id], ttl_ms=60_000)
    assert again.refused is None


async def test_a_push_and_an_event_go_back_to_where_they_came_from(node: Node, dead_letters: DeadLetters) -> None:
    push = push_of(for_users("alice", at=now_ms()), "alice", at=now_ms())
    hook = notification("hook", kind=Kind.WEBHOOK, at=now_ms())
    await dead_letters.retry(await keep(node, letter(push, Stage.PUSH, user_id="alice"), letter(hook)))
    for lane, expected in ((Lane.PUSH, push), (Lane.WEBHOOK, hook), (Lane.LIVE, None)):
        leases = await node.broker.queue.lease(limit=10, lease_seconds=30, now=now_ms(), lane=lane)
        found = [(lease.notification.id, lease.attempts) for lease in leases]
        assert found == ([] if expected is None else [(expected.id, 0)])


async def test_a_user_who_did_not_ack_gets_a_new_one(node: Node, dead_letters: DeadLetters) -> None:
    parent = for_users("alice", "bob", at=now_ms())
    (identifier,) = await keep(node, letter(parent, Stage.INBOX, user_id="bob"))
    (result,) = await dead_letters.retry([identifier])
    assert result.notification_id not in ("", parent.id)
    await node.dispatch()
    held = node.broker.inbox.since(DEFAULT_CLIENT, UserId("bob"), now=now_ms()).publications
    assert [publication.notification.parent for publication in held] == [parent.id]
    assert node.broker.inbox.info(DEFAULT_CLIENT, UserId("alice")) is None


async def test_a_subscription_gets_its_own_again(
    node: Node, dead_letters: DeadLetters, subscriptions: Subscriptions
) -> None:
    (identifier,) = await keep(node, letter(notification(at=now_ms()), Stage.SUBSCRIPTION, durable="audit"))
    subscriptions.gone = True
    (refused,) = await dead_letters.retry([identifier])
    assert refused.refused is not None
    assert refused.refused.code == "subscription_gone"
    subscriptions.gone = False
    (result,) = await dead_letters.retry([identifier])
    assert (result.refused, [each.id for each in subscriptions.again]) == (None, [identifier])
    assert await dead_letters.count(DeadLetterQuery()) == 0
    assert node.broker.queue.stats(now=now_ms()).waiting == 0


async def test_a_full_queue_keeps_what_does_not_fit(node: Node, dead_letters: DeadLetters) -> None:
    room = node.broker.queue.stats(now=now_ms()).max_size
    await kept(node, room + 5)
    results = await dead_letters.retry_matching(DeadLetterQuery())
    assert sum(result.refused is None for result in results) == room
    assert {result.refused.code for result in results if result.refused} == {"queue_full"}
    assert await dead_letters.count(DeadLetterQuery()) == 5


async def test_nothing_is_put_back_while_the_daemon_drains(node: Node, dead_letters: DeadLetters) -> None:
    ids = await kept(node)
    node.publisher.draining = True
    (result,) = await dead_letters.retry(ids)
    assert result.refused is not None
    assert result.refused.code == "draining"


@pytest.mark.parametrize("ttl_ms", [0, -1, 10**18])
async def test_a_life_has_its_bounds(dead_letters: DeadLetters, ttl_ms: int) -> None:
    with pytest.raises(Invalid, match="ttl"):
        await dead_letters.retry([], ttl_ms=ttl_ms)
    with pytest.raises(Invalid, match="ttl"):
        await dead_letters.retry_matching(DeadLetterQuery(), ttl_ms=ttl_ms)


async def test_some_are_chosen_by_what_they_are(node: Node, dead_letters: DeadLetters) -> None:
    await kept(node, 3)
    other = await kept(node, 2, reason="gone")
    results = await dead_letters.retry_matching(DeadLetterQuery(reason="gone"))
    assert sorted(result.id for result in results) == sorted(other)
    assert await dead_letters.count(DeadLetterQuery()) == 3


async def test_pages_go_on_where_the_last_one_is_gone(node: Node, dead_letters: DeadLetters) -> None:
    instants = [now_ms() - 1000, now_ms() - 900]
    first = await kept(node, 130, died_at=instants[0])
    second = await kept(node, 130, died_at=instants[1])
    seen: list[str] = []
    async for page in dead_letters.pages(DeadLetterQuery()):
        seen += [each.id for each in page]
        await dead_letters.drop([page[-1].id, page[0].id])
    assert seen == [*first, *second]


async def test_what_dies_meanwhile_is_left_for_the_next_time(node: Node, dead_letters: DeadLetters) -> None:
    await kept(node, 3)
    seen = 0
    async for page in dead_letters.pages(DeadLetterQuery()):
        seen += len(page)
        await kept(node, 3, died_at=now_ms() + 1000)
    assert seen == 3


async def test_what_is_dropped_is_gone(node: Node, dead_letters: DeadLetters) -> None:
    identifier = await died(node)
    dropped = await dead_letters.drop([identifier, "nothing", identifier])
    assert (dropped.dropped, dropped.not_found) == ([identifier], ["nothing"])
    assert node.counters.dropped == 1
    receipt = await node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert receipt.timeline[-1].happening is Happening.DROPPED


async def test_the_story_of_an_event_is_told_by_what_it_is_about(node: Node, dead_letters: DeadLetters) -> None:
    about = await node.publish()
    await node.dispatch()
    (identifier,) = await keep(node, letter(notification("hook", kind=Kind.WEBHOOK, at=now_ms(), parent=about)))
    (result,) = await dead_letters.retry([identifier])
    assert result.refused is None
    receipt = await node.broker.receipts.find(None, NotificationId(about))
    assert receipt is not None
    assert (receipt.timeline[-1].happening, receipt.timeline[-1].receiver) == (Happening.REQUEUED, "hook")
    (identifier,) = await keep(node, letter(notification("hook", kind=Kind.WEBHOOK, at=now_ms(), parent=about)))
    assert (await dead_letters.show(None, identifier)).timeline == receipt.timeline


async def test_what_somebody_else_put_back_is_gone(
    node: Node, dead_letters: DeadLetters, subscriptions: Subscriptions
) -> None:
    (identifier,) = await keep(node, letter(notification(at=now_ms()), Stage.SUBSCRIPTION, durable="audit"))
    results: list[str] = []

    async def retry() -> None:
        (result,) = await dead_letters.retry([identifier])
        results.append("" if result.refused is None else result.refused.code)

    async with trio.open_nursery() as both:
        both.start_soon(retry)
        both.start_soon(retry)
    assert sorted(results) == ["", "dead_letter_not_found"]
    assert node.counters.requeued == 1


async def test_all_that_fit_are_dropped(node: Node, dead_letters: DeadLetters) -> None:
    await kept(node, 250)
    other = await kept(node, 1, reason="gone")
    assert len((await dead_letters.drop_matching(DeadLetterQuery(reason="refused"))).dropped) == 250
    assert [each.id for each in await dead_letters.newest(DeadLetterQuery(), limit=10)] == other


async def test_too_many_cannot_be_named(dead_letters: DeadLetters) -> None:
    names = [str(number) for number in range(10_001)]
    for act in (dead_letters.retry, dead_letters.drop):
        with pytest.raises(Invalid, match="at most 10000"):
            await act(names)


def test_stages_go_by_their_names() -> None:
    assert stage_of("") is None
    assert [stage_of(stage.value) for stage in Stage] == list(Stage)
    with pytest.raises(Invalid, match="dispatch, push"):
        stage_of("hook")
