"""When to ping a silent connection and when to give it up."""

from __future__ import annotations

import enum

import msgspec


class Step(enum.Enum):
    """What the sweeper is to do with one connection."""

    WAIT = "wait"
    PING = "ping"
    NOT_AUTHENTICATED = "not_authenticated"
    EXPIRED = "expired"
    DEAD = "dead"


class LivenessRules(msgspec.Struct, frozen=True):
    """All in seconds."""

    heartbeat_seconds: float
    connection_timeout_seconds: float
    authentication_seconds: float


class Pulse(msgspec.Struct, frozen=True):
    """What is known of one connection, in monotonic seconds."""

    opened_at: float
    received_at: float
    #: When it was pinged last; 0.0 for never.
    pinged_at: float
    authenticated: bool
    #: Whether it can answer a ping at all; others (Server-Sent Events) are only kept awake.
    answers: bool
    #: When its credential ends; None for never.
    expires_at: float | None = None


def next_step(pulse: Pulse, rules: LivenessRules, now: float) -> tuple[Step, float]:
    """What to do at *now*, and when to look again (meaningless where the step ends the connection)."""
    if pulse.expires_at is not None and now >= pulse.expires_at:
        return Step.EXPIRED, now
    if not pulse.authenticated and now >= pulse.opened_at + rules.authentication_seconds:
        return Step.NOT_AUTHENTICATED, now
    if pulse.answers and now >= pulse.received_at + rules.connection_timeout_seconds:
        return Step.DEAD, now
    heard_at = max(pulse.received_at, pulse.opened_at)
    ping_at = max(heard_at, pulse.pinged_at) + rules.heartbeat_seconds
    if now >= ping_at:
        return Step.PING, _next_look(pulse, rules, now + rules.heartbeat_seconds)
    return Step.WAIT, _next_look(pulse, rules, ping_at)


def _next_look(pulse: Pulse, rules: LivenessRules, ping_at: float) -> float:
    looks = [ping_at]
    if pulse.expires_at is not None:
        looks.append(pulse.expires_at)
    if not pulse.authenticated:
        looks.append(pulse.opened_at + rules.authentication_seconds)
    if pulse.answers:
        looks.append(pulse.received_at + rules.connection_timeout_seconds)
    return min(looks)
