"""Stamps on arrival and stamps of leases at the same time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.errors import StoreUnavailable
from tests.store.samples import T0, accept, dispatch, notification, offsets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.conftest import Faults, Start


async def test_a_lease_that_comes_due_meanwhile_waits_for_what_arrives(start: Start, tmp_path: Path) -> None:
    scheduled, arriving = notification(delay=10), notification()
    async with start() as broker, trio.open_nursery() as nursery:
        await accept(broker, scheduled)
        await broker.queue.wait_for_work()
        nursery.start_soon(broker.queue.wait_for_work)
        await trio.testing.wait_all_tasks_blocked()
        # what arrives is held up on its way to the disk
        lock = sqlite3.connect(tmp_path / "state" / "broker.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        (pending,) = broker.queue.enqueue([arriving], now=T0)
        await trio.testing.wait_all_tasks_blocked()
        # the scheduled one is due now, and has to wait for what has its place already
        assert await broker.queue.lease(limit=9, lease_seconds=30, now=T0 + 10) == []
        assert broker.queue.next_due_at(now=T0 + 10) is None
        lock.execute("ROLLBACK")
        lock.close()
        await pending.result()
        published = await dispatch(broker, now=T0 + 10)
        assert [publication.notification for publication in published] == [arriving, scheduled]
        assert offsets(published) == [1, 2]


async def test_a_failed_arrival_rings_for_what_came_due_meanwhile(start: Start, faults: Faults) -> None:
    async with start() as broker, trio.open_nursery() as nursery:
        await accept(broker, notification(delay=10))
        await broker.queue.wait_for_work()
        nursery.start_soon(broker.queue.wait_for_work)
        await trio.testing.wait_all_tasks_blocked()
        faults.fail("COMMIT")
        (pending,) = broker.queue.enqueue([notification()], now=T0)
        with pytest.raises(StoreUnavailable):
            await pending.result()
        faults.heal()
        assert offsets(await dispatch(broker, now=T0 + 10)) == [1]
