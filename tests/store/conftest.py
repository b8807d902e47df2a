"""Brokers over files, stopped in every way there is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import trio

from notifyd.store.local import assemble
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, Durability
from tests.store.samples import T0, expire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notifyd.store.local.broker import LocalBroker
    from notifyd.telemetry.metrics import Counters


class Start(Protocol):
    """Opens the broker of a folder and runs it; leaving the block stops it cleanly."""

    def __call__(
        self,
        folder: Path | None = None,
        *,
        limits: BrokerLimits = ...,
        durability: Durability = "os",
        counters: Counters = ...,
    ) -> AbstractAsyncContextManager[LocalBroker]: ...


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @asynccontextmanager
    async def started(
        folder: Path | None = None,
        *,
        limits: BrokerLimits | None = None,
        durability: Durability = "os",
        counters: Counters | None = None,
    ) -> AsyncIterator[LocalBroker]:
        options = BrokerOptions(
            durability=durability, state_dir=folder or tmp_path / "state", limits=limits or BrokerLimits()
        )
        broker = await open_broker(options, counters, clock=lambda: T0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expire, 30)
            nursery.start_soon(broker.run)
            yield broker  # type: ignore[misc]
            nursery.cancel_scope.cancel()

    return started


def killed(tmp_path: Path) -> Path:
    """What a process that is killed at this moment leaves behind, as a folder of its own."""
    copy = tmp_path / "killed"
    shutil.copytree(tmp_path / "state", copy)
    return copy


@pytest.fixture
def other_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was started anew."""
    monkeypatch.setattr(assemble, "boot_id", lambda: "another boot")


class Faults:
    """What goes wrong with every connection: the next statements that begin with a word raise an error."""

    def __init__(self) -> None:
        self._error: sqlite3.Error | None = None
        self._word = ""
        self.statements: list[str] = []

    def fail(self, word: str, error: sqlite3.Error | None = None) -> None:
        self._word = word
        self._error = error or sqlite3.OperationalError("database or disk is full")

    def heal(self) -> None:
        self._error = None

    def met(self, sql: str) -> None:
        self.statements.append(sql.split("(")[0].strip())
        if self._error is not None and sql.startswith(self._word):
            raise self._error


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    faults = Faults()
    connect = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            faults.met(sql)
            return super().execute(sql, *parameters)

    def faulty(*args: Any, **options: Any) -> sqlite3.Connection:
        return connect(*args, factory=Connection, **options)

    monkeypatch.setattr(sqlite3, "connect", faulty)
    return faults
