"""`python -m tests.bench.store`: what one notification costs the store, from enqueue to settle.

A producer hands in batches of single enqueues and waits until all are settled; a dispatcher leases, stamps and settles.
Processor time is that of the whole process, both threads, without the making of the notifications.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import trio

from notifyd.clock import now_ms
from notifyd.model.notification import State
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions, Durability
from notifyd.store.ports import Outcome
from tests.store.samples import notification

if TYPE_CHECKING:
    from notifyd.store.ports import Broker

BATCHES = (1, 16, 64)
NOTIFICATIONS = 16_000
DATA = b'{"title":"hello","body":"' + b"x" * 120 + b'"}'


def fsyncs_per_second(folder: Path) -> float:
    """A plain loop of appended blocks, each synced."""
    with (folder / "plain").open("wb", buffering=0) as plain:
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < 1:
            plain.write(b"x" * 4096)
            os.fdatasync(plain.fileno())
            count += 1
    return count / (time.perf_counter() - began)


async def dispatch(broker: Broker, settled: trio.MemorySendChannel[int]) -> None:
    """A dispatcher that delivers to three connections at once."""
    while True:
        leases = await broker.queue.lease(limit=100, lease_seconds=30, now=now_ms())
        if not leases:
            await broker.queue.wait_for_work()
            continue
        await broker.history.append(leases, now=now_ms())
        await broker.queue.settle([Outcome(lease, State.DISPATCHED, 3) for lease in leases], now=now_ms())
        await settled.send(len(leases))


async def publish(broker: Broker, batch: int, settled: trio.MemoryReceiveChannel[int]) -> float:
    """Publish in batches of single enqueues; answers the processor time of making the notifications."""
    making = 0.0
    for _ in range(NOTIFICATIONS // batch):
        began = time.process_time()
        made = [notification(at=now_ms(), data=DATA) for _ in range(batch)]
        making += time.process_time() - began
        pending = [broker.queue.enqueue([one], now=one.accepted_at)[0] for one in made]
        for item in pending:
            await item.result()
        left = batch
        while left:
            left -= await settled.receive()
    return making


async def measure(folder: Path, durability: Durability, batch: int) -> tuple[float, float]:
    """Processor and wall time of one notification, in microseconds."""
    broker = await open_broker(BrokerOptions(durability=durability, state_dir=folder / f"{durability}-{batch}"))
    sender, receiver = trio.open_memory_channel[int](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.run)
        nursery.start_soon(dispatch, broker, sender)
        cpu, wall = time.process_time(), time.perf_counter()
        making = await publish(broker, batch, receiver)
        cpu, wall = time.process_time() - cpu - making, time.perf_counter() - wall
        nursery.cancel_scope.cancel()
    return cpu / NOTIFICATIONS * 1e6, wall / NOTIFICATIONS * 1e6


def main() -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        print(f"fsyncs per second of a plain loop: {fsyncs_per_second(folder):.0f}")
        print("| durability | batch | µs of processor time | µs of time |\n|---|---|---|---|")
        for durability in get_args(Durability):
            for batch in BATCHES:
                cpu, wall = trio.run(measure, folder, durability, batch)
                print(f"| {durability} | {batch} | {cpu:.1f} | {wall:.1f} |", flush=True)


if __name__ == "__main__":
    main()
