"""A node whose clock of acks runs, under a clock that jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.acks.house import House

if TYPE_CHECKING:
    import trio

    from tests.service.node import Node


@pytest.fixture
async def house(autojump_clock: trio.testing.MockClock, node: Node, nursery: trio.Nursery) -> House:
    made = House(node)
    nursery.start_soon(made.acks.house.clock.run)
    return made
