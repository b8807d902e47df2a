"""One task that does all heartbeats and time limits of all connections, asleep until the earliest is due."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.disconnect import CREDENTIAL_ENDED, DEAD_LINK, NOT_AUTHENTICATED, TOKEN_ENDED, Disconnect
from notifyd.policy.receiving.liveness import LivenessRules, Pulse, Step, next_step

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

_ENDINGS: Final[dict[Step, Disconnect]] = {
    Step.NOT_AUTHENTICATED: NOT_AUTHENTICATED,
    Step.EXPIRED: CREDENTIAL_ENDED,
    Step.DEAD: DEAD_LINK,
}

#: Connections looked at between two turns of everybody else.
_LOOKS_PER_TURN: Final = 256

#: What an answer to a ping may take at least, whatever the rules.
_ANSWER_SECONDS: Final = 1.0

#: Looks come late by one bucket at most, and all that fall into one are done in one go.
_BUCKETS_PER_SECOND: Final = 4


class Sweeper:
    """Watches connections from `welcome` until they ended. Looks are kept in buckets of a quarter of a second."""

    def __init__(self, rules: LivenessRules) -> None:
        self.rules = rules
        self._buckets: dict[int, dict[Connection, None]] = {}
        self._earliest = math.inf
        self._doorbell = trio.Event()

    def welcome(self, connection: Connection, now: float) -> None:
        """Look after a connection that opened just now: first when the shortest of the rules may have run out."""
        rules = self.rules
        soonest = min(rules.heartbeat_seconds, rules.connection_timeout_seconds, rules.authentication_seconds)
        self._schedule(connection, now + soonest)

    def watch(self, connection: Connection, now: float) -> None:
        """Look again in time at one whose deadlines changed."""
        _, at = next_step(_pulse(connection), self.rules, now)
        self._schedule(connection, at)

    def forget(self, connection: Connection) -> None:
        """Let go of one that has ended, so that its memory does not wait for its next look."""
        members = self._buckets.get(connection.look_at)
        if members is not None:
            members.pop(connection, None)
        connection.look_at = 0

    def look_again(self, connections: list[Connection], now: float) -> None:
        """The rules or the credentials changed: look at these at once."""
        for connection in connections:
            self._schedule(connection, now)

    def _schedule(self, connection: Connection, at: float) -> None:
        bucket = max(1, math.ceil(at * _BUCKETS_PER_SECOND))
        if connection.look_at == bucket:
            return
        self.forget(connection)
        connection.look_at = bucket
        self._buckets.setdefault(bucket, {})[connection] = None
        if bucket < self._earliest:
            self._earliest = bucket
            self._doorbell.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._doorbell = trio.Event()
            with trio.move_on_at(self._earliest / _BUCKETS_PER_SECOND):
                await self._doorbell.wait()
            await self._sweep(trio.current_time())

    async def _sweep(self, now: float) -> None:
        due = sorted(bucket for bucket in self._buckets if bucket <= now * _BUCKETS_PER_SECOND)
        for bucket in due:
            members = list(self._buckets.pop(bucket))
            for start in range(0, len(members), _LOOKS_PER_TURN):
                for connection in members[start : start + _LOOKS_PER_TURN]:
                    if connection.look_at == bucket and not connection.ended:
                        self._look(connection, now)
                await trio.lowlevel.checkpoint()
        self._earliest = min(self._buckets, default=math.inf)

    def _look(self, connection: Connection, now: float) -> None:
        step, at = next_step(_pulse(connection), self.rules, now)
        if step is Step.DEAD and connection.pinged_at <= connection.received_at:
            # Looks come late, by up to a bucket and more under load: nobody is dead who was not asked.
            step = Step.PING
        ending = _ENDINGS.get(step)
        if ending is not None:
            of_user = step is Step.EXPIRED and connection.principal is not None and connection.principal.user_id
            connection.end(TOKEN_ENDED if of_user else ending)
            return
        if step is Step.PING:
            connection.pinged_at = now
            connection.link.ping()
            at = max(at, now + _ANSWER_SECONDS)
        connection.look_at = 0
        self._schedule(connection, at)


def _pulse(connection: Connection) -> Pulse:
    return Pulse(
        opened_at=connection.opened_at,
        received_at=connection.received_at,
        pinged_at=connection.pinged_at,
        authenticated=connection.principal is not None,
        answers=connection.link.answers,
        expires_at=connection.expires_at,
    )
