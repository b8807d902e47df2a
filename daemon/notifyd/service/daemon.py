"""The daemon itself: how it is, and asking it to go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import Unavailable
from notifyd.service.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.store.ports import Broker
    from notifyd.store.record_ports import Records


class Listener(msgspec.Struct, frozen=True):
    """One bound address."""

    #: http, ws, grpc, admin or admin-remote.
    name: str
    url: str


class EngineState(msgspec.Struct, frozen=True):
    """One engine and whether it works."""

    name: str
    engine: str
    healthy: bool
    detail: str = ""
    #: Since when it works, or does not, in milliseconds since the Unix epoch; 0 where that is not kept.
    since: int = 0


class Readiness(msgspec.Struct, frozen=True):
    """Whether notifications are taken, and what of the daemon works."""

    #: ready; degraded: ready, and something else is away; or not: starting, draining, unavailable (the broker is away).
    status: str
    ready: bool
    #: Since when the status is that, in milliseconds since the Unix epoch.
    since: int
    engines: list[EngineState]


class About(msgspec.Struct, frozen=True):
    """What does not change while the daemon runs."""

    version: str
    durability: str
    broker_engine: str
    records_engine: str
    state_dir: Path
    config_file: Path | None
    development: bool
    #: none where nothing is pushed; "" where nobody asks.
    push_engine: str = ""


class Drain(msgspec.Struct, frozen=True):
    """What a drain is going to do."""

    connections: int
    seconds: float


class Reloaded(msgspec.Struct, frozen=True):
    """What reading the configuration again did: keys in force now, and keys that wait for a restart."""

    applied: list[str]
    need_restart: list[str]


class ConfigChange(msgspec.Struct, frozen=True):
    """A key that is to have another value in the overlay.

    Attributes:
        key: of a setting that a reload takes over, or of a list of tables.
        value: TOML; "" takes the key out of the overlay.
        expected: what `ConfigEntry.value` was when the change was worked out; None for whatever it is.
    """

    key: str
    value: str
    expected: str | None = None


class Changed(msgspec.Struct, frozen=True):
    """What changes of the overlay did: where they are kept, the keys in force, and those that something lies over."""

    overlay: Path
    applied: list[str]
    overridden: list[str]


class ConfigEntry(msgspec.Struct, frozen=True):
    """One setting in force. Secrets are shown as ***."""

    key: str
    value: str
    origin: str
    reloadable: bool


class Daemon:
    """State and lifecycle, for health checks and operators. `app` fills in what only it can do."""

    def __init__(self, about: About, broker: Broker, records: Records | None = None) -> None:
        """Without *records* they are in memory, and never fail."""
        self.about = about
        self._broker = broker
        self._records = records
        self.started_at = now_ms()
        self.pid = os.getpid()
        self.ready = False
        self.draining = False
        self.listeners: list[Listener] = []
        #: Set by `app`: what else may be away, and tells of itself.
        self.others: list[Callable[[], EngineState]] = []
        #: Set by `app`: when the certificate in use ends, in milliseconds since the Unix epoch; None without TLS.
        self.certificate_ends_at: Callable[[], int] | None = None
        #: Set by `app`: bytes that are free under the state folder, and all of them; None where nobody has looked.
        self.disk_room: Callable[[], tuple[int, int] | None] = lambda: None
        self._turns = Turns()
        #: Set by `app`: begin to drain over so many seconds (None: the setting).
        self.on_drain: Callable[[float | None], Drain] | None = None
        #: Set by `app`: read the configuration again.
        self.on_reload: Callable[[], Reloaded] | None = None
        #: Set by `app`: change the overlay, or with *dry_run* tell whether that could be done.
        self.on_change: Callable[[Sequence[ConfigChange], bool], Changed] | None = None
        #: Set by `app`: the settings in force, with their origins.
        self.on_show: Callable[[], list[ConfigEntry]] | None = None

    def begin(self) -> None:
        """It is ready."""
        self.ready = True

    @property
    def state(self) -> str:
        """starting, ready, degraded (an engine is away) or draining."""
        if self.draining:
            return "draining"
        if not self.ready:
            return "starting"
        return "ready" if all(engine.healthy for engine in self.engines()) else "degraded"

    @property
    def accepting(self) -> bool:
        """Whether notifications are taken: it is up and stays, and the broker works, whatever else may fail."""
        return self.ready and not self.draining and self._broker.failing_since() is None

    def readiness(self) -> Readiness:
        """How ready it is. Nothing is asked for this: it is what is known already."""
        engines = self.engines()
        ready = self.accepting
        status = self.state
        if not ready and status == "degraded":
            status = "unavailable"
        return Readiness(status, ready, self._turns.since("", status, now=now_ms()), engines)

    def engines(self) -> list[EngineState]:
        """Each engine and whether it works."""
        now = now_ms()
        return [
            msgspec.structs.replace(state, since=self._turns.since(state.name, state.healthy, now=now))
            for state in self._states()
        ]

    def _states(self) -> list[EngineState]:
        failing = self._broker.failing_since()
        detail = "" if failing is None else "commits fail: see the log; publishing answers 503 until it works again"
        away = None if self._records is None else self._records.failing_since()
        harm = "" if away is None else "clients, keys and devices cannot be changed: see the log; all else goes on"
        return [
            EngineState("broker", self.about.broker_engine, failing is None, detail),
            EngineState("records", self.about.records_engine, away is None, harm),
            *self._push(),
            *[state() for state in self.others],
        ]

    def _push(self) -> list[EngineState]:
        engine = self.about.push_engine
        detail = "not configured: who is not connected is not pushed" if engine == "none" else ""
        return [EngineState("push", engine, healthy=True, detail=detail)] if engine else []

    def drain(self, seconds: float | None = None) -> Drain:
        """Begin to go down politely; asking again changes nothing.

        Raises:
            Unavailable: the daemon is not up yet.
        """
        if self.on_drain is None:
            raise Unavailable("the daemon is starting", retry_after_seconds=1)
        return self.on_drain(seconds)

    def reload(self) -> Reloaded:
        """Read the configuration again and put in force what can change while running.

        Raises:
            Invalid: the configuration has problems; nothing was changed, and the message names them all.
        """
        if self.on_reload is None:
            raise Unavailable("the daemon is starting", retry_after_seconds=1)
        return self.on_reload()

    def change_config(self, changes: Sequence[ConfigChange], *, dry_run: bool = False) -> Changed:
        """Put *changes* into the overlay beside the configuration file, and in force.

        Raises:
            Invalid: the configuration would have problems, or a key is not one that can be changed so.
            Conflict: something is not as it was expected, or the overlay cannot be written.
            Unavailable: the daemon is not up yet. In each case nothing was changed.
        """
        if self.on_change is None:
            raise Unavailable("the daemon is starting", retry_after_seconds=1)
        return self.on_change(changes, dry_run)

    def show_config(self) -> list[ConfigEntry]:
        """The settings in force."""
        if self.on_show is None:
            raise Unavailable("the daemon is starting", retry_after_seconds=1)
        return self.on_show()
