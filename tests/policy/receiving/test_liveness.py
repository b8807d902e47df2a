from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifyd.policy.receiving.liveness import LivenessRules, Pulse, Step, next_step

RULES = LivenessRules(heartbeat_seconds=30, connection_timeout_seconds=60, authentication_seconds=10)
QUIET = Pulse(opened_at=100.0, received_at=100.0, pinged_at=0.0, authenticated=True, answers=True)

SECONDS = st.floats(0, 1000, allow_nan=False)
LENGTHS = st.floats(0.1, 500)
PULSES = st.builds(
    Pulse,
    opened_at=SECONDS,
    received_at=SECONDS,
    pinged_at=SECONDS,
    authenticated=st.booleans(),
    answers=st.booleans(),
    expires_at=st.none() | SECONDS,
)
ALL_RULES = st.builds(LivenessRules, LENGTHS, LENGTHS, LENGTHS)


def test_a_silent_one_is_pinged_after_the_heartbeat() -> None:
    assert next_step(QUIET, RULES, 129.9) == (Step.WAIT, 130.0)
    assert next_step(QUIET, RULES, 130.0) == (Step.PING, 160.0)


def test_a_ping_is_not_repeated_before_the_next_heartbeat() -> None:
    assert next_step(replace(QUIET, pinged_at=130.0), RULES, 140.0) == (Step.WAIT, 160.0)


def test_whoever_was_heard_is_pinged_a_heartbeat_later() -> None:
    assert next_step(replace(QUIET, received_at=120.0), RULES, 130.0) == (Step.WAIT, 150.0)


def test_a_silent_one_is_given_up_after_the_timeout() -> None:
    assert next_step(replace(QUIET, pinged_at=130.0), RULES, 160.0)[0] is Step.DEAD


def test_what_cannot_answer_is_pinged_and_never_dead() -> None:
    stream = replace(QUIET, answers=False)
    assert next_step(stream, RULES, 1000.0) == (Step.PING, 1030.0)


def test_who_does_not_authenticate_is_looked_at_when_time_is_up() -> None:
    nobody = replace(QUIET, authenticated=False)
    assert next_step(nobody, RULES, 105.0) == (Step.WAIT, 110.0)
    assert next_step(nobody, RULES, 110.0)[0] is Step.NOT_AUTHENTICATED


def test_an_expired_credential_goes_before_everything_else() -> None:
    late = replace(QUIET, authenticated=False, expires_at=105.0)
    assert next_step(late, RULES, 104.0) == (Step.WAIT, 105.0)
    assert next_step(late, RULES, 900.0)[0] is Step.EXPIRED


@given(PULSES, ALL_RULES, SECONDS)
def test_the_next_look_is_in_the_future(pulse: Pulse, rules: LivenessRules, now: float) -> None:
    step, at = next_step(pulse, rules, now)
    if step in (Step.WAIT, Step.PING):
        assert at > now


@given(PULSES, ALL_RULES, SECONDS)
def test_waiting_ends_where_something_is_due(pulse: Pulse, rules: LivenessRules, now: float) -> None:
    step, at = next_step(pulse, rules, now)
    if step is Step.WAIT:
        assert next_step(pulse, rules, at)[0] is not Step.WAIT


@given(ALL_RULES, st.booleans(), st.none() | SECONDS)
def test_a_silent_connection_that_is_looked_at_as_told_ends_in_time(
    rules: LivenessRules, authenticated: bool, expires_at: float | None
) -> None:
    pulse = Pulse(0.0, 0.0, 0.0, authenticated, answers=True, expires_at=expires_at)
    step, now = next_step(pulse, rules, 0.0)
    while step in (Step.WAIT, Step.PING):
        pulse = replace(pulse, pinged_at=now if step is Step.PING else pulse.pinged_at)
        step, now = next_step(pulse, rules, now)
    due = {Step.DEAD: rules.connection_timeout_seconds, Step.EXPIRED: expires_at}
    if not authenticated:
        due[Step.NOT_AUTHENTICATED] = rules.authentication_seconds
    assert now == due[step] == min(at for at in due.values() if at is not None)
