"""What every store of durable subscriptions promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.errors import Exhausted
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.store.options import BrokerLimits, DurableLimits
from tests.store.samples import HOUR, T0, accept, notification

if TYPE_CHECKING:
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker

OTHER = ClientId("other")


def key(
    name: str = "audit", *, client: ClientId = DEFAULT_CLIENT, channel: str = "orders", owner: str = ""
) -> DurableKey:
    return DurableKey(client, channel, owner, name)


def state(of: DurableKey, floor: int = 0, *, used_at: int = T0) -> DurableState:
    return DurableState(of, "e", floor, (floor + 2, floor + 5), ((floor + 1, 3),), used_at)


async def opened(open_engine: OpenBroker, **limits: float) -> Broker:
    return await open_engine(BrokerLimits(durables=DurableLimits(**limits)))  # type: ignore[arg-type]


async def at_hand(broker: Broker, *keys: DurableKey) -> None:
    for each in keys:
        attendance = broker.durables.attend(each)
        if attendance is not None:
            await attendance.wait()


async def test_one_that_was_never_used_is_unknown(broker: Broker) -> None:
    await at_hand(broker, key())
    assert broker.durables.find(key()) is None
    assert (await broker.durables.states(), broker.durables.usage()) == ([], 0)


async def test_what_was_put_is_in_force_at_once(broker: Broker) -> None:
    one = state(key())
    broker.durables.put(one, now=T0)
    assert broker.durables.find(key()) == one
    assert broker.durables.usage() == 1


async def test_the_latest_counts(broker: Broker) -> None:
    for floor in range(5):
        written = broker.durables.put(state(key(), floor), now=T0)
    await written.wait()
    assert broker.durables.find(key()) == state(key(), 4)
    assert broker.durables.usage() == 1


async def test_it_is_written_once_it_says_so(broker: Broker) -> None:
    written = broker.durables.put(state(key()), now=T0)
    assert written.done() == (broker.durability == "memory")
    await written.wait()
    assert written.done()


async def test_nobody_takes_up_what_is_anothers(broker: Broker) -> None:
    broker.durables.put(state(key()), now=T0)
    others = [key("other"), key(client=OTHER), key(channel="other"), key(owner="user/anna")]
    await at_hand(broker, *others)
    assert [broker.durables.find(other) for other in others] == [None] * 4


async def test_they_are_listed_by_client_channel_owner_and_name(broker: Broker) -> None:
    wanted = [
        key("z", channel="a"),
        key("b"),
        key("a", owner="user/anna"),
        key("a", client=OTHER, channel="a"),
    ]
    for one in reversed(wanted):
        broker.durables.put(state(one), now=T0)
    assert [found.key for found in await broker.durables.states()] == wanted
    assert [found.key for found in await broker.durables.states(limit=2)] == wanted[:2]
    assert [found.key for found in await broker.durables.states(DEFAULT_CLIENT)] == wanted[:3]
    assert [found.key for found in await broker.durables.states(channel="a")] == [wanted[0], wanted[3]]
    assert [found.key for found in await broker.durables.states(OTHER, channel="orders")] == []


async def test_one_that_is_removed_is_unknown(broker: Broker) -> None:
    broker.durables.put(state(key()), now=T0)
    assert await broker.durables.remove(key())
    assert broker.durables.find(key()) is None
    assert not await broker.durables.remove(key())


async def test_one_that_is_removed_may_be_used_anew(broker: Broker) -> None:
    broker.durables.put(state(key(), 7), now=T0)
    await broker.durables.remove(key())
    broker.durables.put(state(key(), 0), now=T0)
    assert broker.durables.find(key()) == state(key(), 0)


async def test_no_more_are_made_than_there_may_be(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_count=2)
    for name in ("a", "b"):
        broker.durables.put(state(key(name)), now=T0)
    with pytest.raises(Exhausted) as refused:
        broker.durables.put(state(key("c")), now=T0)
    assert refused.value.code == "too_many_durables"
    await at_hand(broker, key("c"))
    assert broker.durables.find(key("c")) is None
    broker.durables.put(state(key("a"), 9), now=T0)
    assert [found.floor for found in await broker.durables.states()] == [9, 0]


async def test_one_that_was_removed_makes_room(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_count=1)
    broker.durables.put(state(key("a")), now=T0)
    await broker.durables.remove(key("a"))
    broker.durables.put(state(key("b")), now=T0)
    assert broker.durables.usage() == 1


async def test_what_nobody_used_for_too_long_is_forgotten(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_age_seconds=3600)
    for name, used_at in (("a", T0), ("b", T0), ("c", T0 + 1), ("a", T0 + 2)):
        broker.durables.put(state(key(name), used_at=used_at), now=used_at)
    assert await broker.durables.trim(now=T0 + HOUR - 1) == 0
    assert await broker.durables.trim(now=T0 + HOUR) == 1
    assert [found.key.name for found in await broker.durables.states()] == ["a", "c"]


async def test_one_that_nobody_used_for_too_long_makes_room(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_count=1, max_age_seconds=3600)
    broker.durables.put(state(key("a")), now=T0)
    broker.durables.put(state(key("b"), used_at=T0 + HOUR), now=T0 + HOUR)
    assert [found.key.name for found in await broker.durables.states()] == ["b"]


async def test_one_user_does_not_take_the_room_of_others(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_count=9, max_per_user=2)
    for name in ("a", "b"):
        broker.durables.put(state(key(name, owner="user/alice")), now=T0)
    with pytest.raises(Exhausted, match="this user has 2"):
        broker.durables.put(state(key("c", owner="user/alice")), now=T0)
    broker.durables.put(state(key("c", owner="user/bob")), now=T0)
    broker.durables.put(state(key("c")), now=T0)
    await broker.durables.remove(key("a", owner="user/alice"))
    broker.durables.put(state(key("c", owner="user/alice")), now=T0)


async def test_bounds_of_durables_may_change(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_count=9, max_age_seconds=60)
    for name in ("a", "b", "c"):
        broker.durables.put(state(key(name)), now=T0)
    broker.configure(BrokerLimits(durables=DurableLimits(max_count=1, max_age_seconds=3600)))
    assert (await broker.durables.trim(now=T0 + 61_000), broker.durables.usage()) == (0, 3)
    with pytest.raises(Exhausted):
        broker.durables.put(state(key("d")), now=T0)


async def test_what_was_written_is_there_after_a_restart(engine: str, open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits())
    kept, gone = state(key("a"), 3), state(key("b"))
    broker.durables.put(kept, now=T0)
    broker.durables.put(gone, now=T0)
    await broker.durables.remove(gone.key)
    await accept(broker, notification())
    # a second broker over what a killed one has left
    again = await open_engine(BrokerLimits())
    assert await again.durables.states() == ([] if engine == "memory" else [kept])


async def test_what_was_used_last_is_forgotten_last_after_a_restart(engine: str, open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_age_seconds=3600)
    for name, used_at in (("a", T0), ("b", T0 + 1), ("a", T0 + 2)):
        written = broker.durables.put(replace(state(key(name)), used_at=used_at), now=used_at)
    await written.wait()
    again = await opened(open_engine, max_age_seconds=3600)
    if engine != "memory":
        assert await again.durables.trim(now=T0 + 1 + HOUR) == 1
        assert [found.key.name for found in await again.durables.states()] == ["a"]
