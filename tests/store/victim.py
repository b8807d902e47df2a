"""A process that publishes as fast as it can until it is killed, and says what it was promised.

Each line on stdout is one event that happened before the kill: `accepted ID`, or `stamped ID USER EPOCH OFFSET` with
the place in the channel, or in the inbox of that user; `-` for no user. `cursor OFFSET` and `floor OFFSET` tell which
acks of one user more, and of a durable subscription, were promised to be remembered.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio
import trio.lowlevel

from notifyd.clock import now_ms
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.notification import State
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, InboxLimits
from notifyd.store.ports import Outcome
from tests.store.samples import for_users, notification

if TYPE_CHECKING:
    from notifyd.store.ports import Broker


USERS: Final = ("anna", "bert")
#: Acks all it gets.
EAGER: Final = UserId("cora")
DURABLE: Final = DurableKey(DEFAULT_CLIENT, "c0", "", "audit")

#: Everything that a run can make fits in.
LIMITS: Final = BrokerLimits(inbox=InboxLimits(max_notifications=100_000, max_user_bytes=1 << 30))


async def produce(broker: Broker, number: int) -> None:
    """Publish, some urgent, some for later, in batches of one to four."""
    count = 0
    while True:
        count += 1
        made = []
        for part in range(1 + count % 4):
            details: dict[str, Any] = {"priority": 1 + count % 10, "at": now_ms(), "delay": 50 if count % 7 == 0 else 0}
            one = for_users(*USERS, EAGER, **details) if count % 3 == 0 else notification(f"c{part % 2}", **details)
            # ids have to differ from one process to the next
            made.append(msgspec.structs.replace(one, id=NotificationId(f"{os.getpid()}-{number}-{count}-{part}")))
        for pending in broker.queue.enqueue(made, now=now_ms()):
            say(f"accepted {(await pending.result()).id}")


async def consume(broker: Broker) -> None:
    """Lease, stamp, settle; the batches are small, so that there is always something under way."""
    while True:
        leases = await broker.queue.lease(limit=3, lease_seconds=30, now=now_ms())
        if not leases:
            with trio.move_on_after(0.01):
                await broker.queue.wait_for_work()
            continue
        for publication in await broker.history.append(leases, now=now_ms()):
            if publication.position is not None and publication.user_id != EAGER:
                place = f"{publication.position.epoch} {publication.position.offset}"
                say(f"stamped {publication.notification.id} {publication.user_id or '-'} {place}")
        await broker.queue.settle([Outcome(lease, State.DISPATCHED) for lease in leases], now=now_ms())


async def ack_inbox(broker: Broker) -> None:
    """Ack all that is there, again and again."""
    while True:
        position = broker.inbox.position(DEFAULT_CLIENT, EAGER)
        if broker.inbox.advance(DEFAULT_CLIENT, EAGER, position, now=now_ms()):
            await broker.inbox.written().wait()
            say(f"cursor {position.offset}")
        await trio.lowlevel.checkpoint()


async def ack_durable(broker: Broker) -> None:
    """Go on from where the last victim was."""
    known = broker.durables.find(DURABLE)
    floor = 0 if known is None else known.floor
    while True:
        floor += 1
        written = broker.durables.put(DurableState(DURABLE, "e", floor, (floor + 2,)), now=now_ms())
        await written.wait()
        say(f"floor {floor}")


def say(line: str) -> None:
    """Written at once: a line that was written survives the kill."""
    os.write(1, line.encode() + b"\n")


async def main(folder: str) -> None:
    """Run until killed."""
    broker = await open_broker(BrokerOptions(state_dir=Path(folder), durability="os", limits=LIMITS))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.run)
        nursery.start_soon(consume, broker)
        nursery.start_soon(ack_inbox, broker)
        nursery.start_soon(ack_durable, broker)
        for number in range(4):
            nursery.start_soon(produce, broker, number)


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
