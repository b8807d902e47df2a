"""A consumer over the memory engine, and BullMQ's own producer of Python before it."""

from __future__ import annotations

import pytest
import trio

from tests.ingress.bullmq.queues import House, Queue
from tests.service.node import open_node
from tests.valkey import Valkey, start_valkey, valkey

__all__ = ["start_valkey", "valkey"]

_numbers = iter(range(1, 1 << 30))


@pytest.fixture
async def queue(valkey: Valkey) -> Queue:
    """A queue that no other test has, on the shared server."""
    return Queue(valkey, f"notifications{next(_numbers)}")


@pytest.fixture
async def house(nursery: trio.Nursery, queue: Queue) -> House:
    """A node with the client `default`, and what consumers for it need; none runs yet."""
    nursery.cancel_scope.deadline = trio.current_time() + 20
    return House(await open_node(nursery), queue, nursery)
