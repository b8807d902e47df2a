"""A journal of an earlier version, as that version wrote it, is taken over with everything in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.ports import Lane
from notifyd.store.sqlite.connection import APPLICATION_ID
from tests.store.samples import HOUR, T0, accept, dispatch, for_users, idempotency, notification

if TYPE_CHECKING:
    from tests.store.conftest import Start

#: A copy of the script that version 1 was made by: it never changes.
SCRIPT: Final = Path(__file__).parent / "broker_v1.sql"

MARKS: Final = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={{}}; PRAGMA journal_mode=WAL"

#: seq, id, kind, channel, due at
NOTIFICATIONS: Final = (
    (1, "delivered", "channel", "orders", T0),
    (2, "given-up", "channel", "orders", T0),
    (3, "broadcast", "broadcast", "label", T0),
    (4, "carried-over", "channel", "orders", T0),
    (5, "scheduled", "channel", "orders", T0 + 1000),
    (6, "waiting", "broadcast", "", T0),
)

#: seq, state, settled at, channel, offset, delivered, attempts
OUTCOMES: Final = (
    (1, "dispatched", T0, 7, 1, 3, 0),
    (2, "dead", T0, 7, 2, 0, 3),
    (3, "dispatched", T0, None, 0, 5, 0),
    (4, "waiting", T0, 7, 3, 0, 0),
)


@pytest.fixture
def version_1(tmp_path: Path) -> None:
    """The journal of a daemon that was stopped."""
    (tmp_path / "state").mkdir()
    connection = sqlite3.connect(tmp_path / "state" / "broker.db")
    connection.executescript(SCRIPT.read_text())
    rows = [
        (seq, known, "default", kind, channel, b'{"n":1}', b"", 5, T0, due, T0 + HOUR, due, "key-1")
        for seq, known, kind, channel, due in NOTIFICATIONS
    ]
    connection.executemany(f"INSERT INTO notifications VALUES ({','.join('?' * 13)})", rows)
    connection.executemany("INSERT INTO outcomes VALUES (?,?,?,?,?,?,?)", OUTCOMES)
    connection.execute("INSERT INTO channels VALUES (7, 'default', 'orders', 2, 1)")
    connection.execute("INSERT INTO idempotency VALUES ('c', 'k', 'f', 'delivered', ?)", (T0 + HOUR,))
    meta = {"base_epoch": "e", "generation": "2", "clean": "yes", "paused": "no", "boot_id": "b"}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.executescript(MARKS.format(1))
    connection.close()


@pytest.fixture
def version_2(tmp_path: Path) -> None:
    """The journal of a daemon that was stopped, with an inbox that was read and one that was not."""
    (tmp_path / "state").mkdir()
    connection = sqlite3.connect(tmp_path / "state" / "broker.db")
    connection.executescript((Path(__file__).parent / "broker_v2.sql").read_text())
    connection.executescript(MARKS.format(2))
    connection.close()


@pytest.mark.usefixtures("version_1")
async def test_what_waited_waits(start: Start) -> None:
    async with start() as broker:
        leased = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        assert [lease.notification.id for lease in leased] == ["carried-over", "waiting"]
        published = await broker.history.append(leased, now=T0)
        assert [(p.epoch, p.offset) for p in published] == [("e.2", 3), ("e.2", 1)]
        assert broker.queue.stats(now=T0).scheduled == 1


@pytest.mark.usefixtures("version_1")
async def test_histories_and_receipts_are_there(start: Start) -> None:
    async with start() as broker:
        history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition("e.2", 0), now=T0)
        assert [p.notification.id for p in history.publications] == ["delivered", "carried-over"]
        assert (history.recovered, history.skipped) == (True, 1)
        for known, state, delivered, offset in (
            ("delivered", State.DISPATCHED, 3, 1),
            ("given-up", State.DEAD, 0, 2),
            ("broadcast", State.DISPATCHED, 5, 0),
            ("scheduled", State.WAITING, 0, 0),
        ):
            receipt = await broker.receipts.find(None, NotificationId(known))
            assert receipt is not None
            assert (receipt.state, receipt.delivered, receipt.offset) == (state, delivered, offset)
            assert (receipt.reason, receipt.users, receipt.submitted_by) == ("", (), "key-1")
        (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        assert (await pending.result()).id == "delivered"


@pytest.mark.usefixtures("version_1")
async def test_it_is_of_the_newest_version_from_then_on(start: Start, tmp_path: Path) -> None:
    one = for_users("anna", connections=["c1"])
    async with start() as broker:
        await accept(broker, one, notification(kind=Kind.CONNECTIONS, connections=["c2"]))
        published = await dispatch(broker)
    connection = sqlite3.connect(tmp_path / "state" / "broker.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (4,)
    connection.close()
    async with start() as broker:
        (kept,) = broker.inbox.since(DEFAULT_CLIENT, UserId("anna"), now=T0).publications
        assert kept in published
        assert kept.notification == one


@pytest.mark.usefixtures("version_2")
async def test_version_2_is_taken_over(start: Start) -> None:
    async with start() as broker:
        history = broker.history.since(DEFAULT_CLIENT, "orders", StreamPosition("e", 0), now=T0)
        assert [p.notification.id for p in history.publications] == ["delivered"]
        leases = await broker.queue.lease(limit=9, lease_seconds=30, now=T0 + 1000)
        assert [lease.notification.id for lease in leases] == ["scheduled"]
        assert len(await broker.queue.lease(limit=9, lease_seconds=30, now=T0, lane=Lane.PUSH)) == 1
        (kept,) = broker.inbox.since(DEFAULT_CLIENT, UserId("ben"), now=T0).publications
        assert kept.notification.users == ("anna", "ben")
        assert broker.dead_letters.usage() == (0, 0)
        receipt = await broker.receipts.find(None, NotificationId("given-up"))
        assert receipt is not None
        assert (receipt.state, receipt.reason, receipt.acked) == (State.DEAD, "fault", 0)
        assert [event.happening for event in receipt.timeline] == [Happening.ACCEPTED, Happening.DEAD]


@pytest.mark.usefixtures("version_2")
async def test_what_version_2_knew_can_be_acked_and_noted(start: Start) -> None:
    known = NotificationId("delivered")
    for round_number in (1, 2):
        async with start() as broker:
            broker.receipts.note(known, TimelineEvent(T0 + round_number, Happening.ACKED), acked=1)
            receipt = await broker.receipts.find(None, known)
            assert receipt is not None
            assert (receipt.acked, len(receipt.timeline)) == (round_number, 2 + round_number)


async def test_before_version_4_no_request_had_an_id(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        await accept(broker, notification())
    connection = sqlite3.connect(tmp_path / "state" / "broker.db")
    connection.executescript("ALTER TABLE notifications DROP COLUMN request; PRAGMA user_version=3")
    (known,) = connection.execute("SELECT id FROM notifications").fetchone()
    connection.close()
    async with start() as broker:
        receipt = await broker.receipts.find(None, NotificationId(known))
        assert receipt is not None
        assert (receipt.state, receipt.request_id) == (State.WAITING, "")
        (lease,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        assert lease.notification.request_id == ""
