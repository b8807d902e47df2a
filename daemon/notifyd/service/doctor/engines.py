"""Checks of the engines, each by asking it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import Finding, Verdict
from notifyd.policy.diagnosis.engines import judge_away, judge_local

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.store.ports import Broker
    from notifyd.store.record_ports import Records

Facts = TypeVar("Facts")


class EngineCheck(Generic[Facts]):
    """An engine on another machine: what it tells of itself, and what to think of that."""

    def __init__(
        self,
        name: str,
        engine: str,
        ask: Callable[[], Awaitable[Facts]],
        judge: Callable[[Facts], list[Finding]],
        *,
        harm: str,
    ) -> None:
        """*harm* is what does not work while *engine* is away."""
        self.name = name
        self._engine = engine
        self._ask = ask
        self._judge = judge
        self._harm = harm

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        try:
            return self._judge(await self._ask())
        except StoreUnavailable as exc:
            return [judge_away(self.name, self._engine, exc.message, harm=self._harm)]


class LocalBrokerCheck:
    """The broker in this process."""

    name = "broker"

    def __init__(self, broker: Broker, durability: str) -> None:
        self._broker = broker
        self._durability = durability

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        return [judge_local(durability=self._durability, failing=self._broker.failing_since() is not None)]


class RecordsCheck:
    """Records in the state folder."""

    name = "records"

    def __init__(self, records: Records, engine: str) -> None:
        self._records = records
        self._engine = engine

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        try:
            await self._records.probe()
        except StoreUnavailable as exc:
            harm = "keys, clients and devices cannot be changed"
            return [judge_away(self.name, self._engine, exc.message, harm=harm)]
        return [Finding(self.name, Verdict.OK, f"{self._engine}, read and written")]
