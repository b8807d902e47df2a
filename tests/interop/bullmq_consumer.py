"""A consumer of a BullMQ queue in a process of its own, over the journalled engine: one to kill.

Arguments: a folder for the journal, the URL of Redis, the queue, and how many notifications may wait. It prints a JSON
object a line. Its orders, on standard input: `dispatch` settles all that waits, `drain` ends it politely.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trio

from notifyd.ingress.bullmq.consumer import Consumer
from notifyd.ingress.bullmq.options import BullmqOptions, Timing
from notifyd.ingress.bullmq.services import BullmqServices
from notifyd.redislink.options import RedisOptions
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, QueueLimits
from notifyd.telemetry.metrics import Counters
from tests.service.node import Node

TIMING = Timing(lock_seconds=2.0, stalled_seconds=0.5)


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


async def main(folder: Path, url: str, queue: str, size: int) -> None:
    counters = Counters()
    limits = BrokerLimits(queue=QueueLimits(max_size=size))
    broker = await open_broker(BrokerOptions(durability="os", state_dir=folder, limits=limits), counters)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.run)
        node = Node(broker, counters)
        await node.clients.load()
        services = BullmqServices(node.publisher, node.clients, counters, broker.durability, broker.failing_since)
        consumer = Consumer(BullmqOptions(RedisOptions(url), queue=queue, name="here"), services, TIMING)
        nursery.start_soon(consumer.run)
        tell(ready=True)
        async with trio.lowlevel.FdStream(0) as orders:
            async for order in orders:
                if b"drain" in order:
                    break
                await node.dispatch()
                tell(dispatched=counters.dispatched)
        await consumer.stop(10)
        tell(ended=True, accepted=counters.accepted, completed=counters.bullmq_completed)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
