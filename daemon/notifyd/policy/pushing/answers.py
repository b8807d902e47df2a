"""What an answer of the push provider means, and whether a push is tried again. Time and chance are inputs."""

from __future__ import annotations

import enum
import math
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.notification import State
from notifyd.policy.backoff import Backoff, backoff_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

#: FCM asks for a minute's pause where a 429 says nothing itself.
QUOTA_PAUSE_SECONDS: Final = 60.0

_OK: Final = 200
_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429
#: 408 and the gateways' 502 and 504 are not FCM's, but those of what stands between.
_PASSING: Final = frozenset({408, 500, 502, 503, 504})

#: Codes of results without an HTTP status.
UNREACHABLE: Final = "unreachable"
TIMEOUT: Final = "timeout"


class SendResult(msgspec.Struct, frozen=True):
    """What the push provider answered for one device."""

    #: The HTTP status; 0 where there was no answer that could be read.
    status: int
    #: FCM's error code, or the canonical status, in capitals; or one of ours where there is no status.
    code: str = ""
    #: The provider's sentence. May name the push token: for decisions, never for logs.
    message: str = ""
    #: The header of that name, "" for none.
    retry_after: str = ""


class Action(enum.Enum):
    """What is to be done about one device."""

    ACCEPTED = "accepted"
    #: The push token is not good any more: the device is to be removed.
    GONE = "gone"
    RETRY = "retry"
    #: Refused for good, for a reason that is not the device's.
    REFUSED = "refused"


class Verdict(msgspec.Struct, frozen=True):
    """What one answer means."""

    action: Action
    #: A stable snake_case word, "" for ACCEPTED.
    reason: str = ""
    #: For RETRY, how long the provider asked to be left alone; None where it said nothing.
    wait_seconds: float | None = None
    #: Whether it says something about the provider as a whole, so that others need not be tried either.
    everybody: bool = False


class RetryRules(Backoff, frozen=True):
    """How often and how soon a push is tried again."""

    #: The longest wait that the provider is granted.
    max_retry_after_seconds: float


def verdict_of(result: SendResult, *, now: int) -> Verdict:
    """What *result* means; *now* (milliseconds) is for a Retry-After that is a date."""
    if result.status == _OK:
        return Verdict(Action.ACCEPTED)
    if result.code == "UNREGISTERED":
        return Verdict(Action.GONE, "unregistered")
    # any other 404 is about the project, and a wrong project must not cost the devices
    if result.status == _BAD_REQUEST and _names_the_token(result.message):
        return Verdict(Action.GONE, "invalid_token")
    reason = result.code.lower() or f"http_{result.status}"
    wait = wait_of(result.retry_after, now=now)
    if result.status == _TOO_MANY:
        # the quota of one device is its own affair
        everybody = "device" not in result.message.lower()
        return Verdict(Action.RETRY, reason, QUOTA_PAUSE_SECONDS if wait is None else wait, everybody=everybody)
    if result.status in _PASSING:
        return Verdict(Action.RETRY, reason, wait, everybody=wait is not None)
    if result.status == 0:
        return Verdict(Action.RETRY, reason, everybody=result.code == UNREACHABLE)
    return Verdict(Action.REFUSED, reason)


def _names_the_token(message: str) -> bool:
    return "registration token" in message.lower() or "message.token" in message


def wait_of(retry_after: str, *, now: int) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, section 10.2.3), or None where it cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now / 1000)


def pause_seconds(verdicts: Sequence[Verdict], rules: RetryRules) -> float | None:
    """How long to leave the whole provider alone; 0.0: it does not say how long; None: nothing is wrong with it."""
    asked = [verdict.wait_seconds or 0.0 for verdict in verdicts if verdict.everybody]
    return min(max(asked), rules.max_retry_after_seconds) if asked else None


class PushDecision(msgspec.Struct, frozen=True):
    """What becomes of one push after a try."""

    #: Seconds until it is tried again for the devices that are left; None: it is settled.
    retry_seconds: float | None
    #: How it is settled: DEAD where no device took it and one of them might have, DISPATCHED otherwise.
    state: State
    #: Devices that took it in this try, and devices given up in it.
    accepted: int
    failed: int
    #: Why devices were given up, "" where none was.
    reason: str


def decide(
    verdicts: Sequence[Verdict],
    before: Sequence[Verdict],
    *,
    attempts: int,
    rules: RetryRules,
    closed_seconds: float,
    chance: float,
) -> PushDecision:
    """What becomes of a push whose devices got *verdicts* in this try, and *before* in tries before it.

    *attempts* tries failed before this one; the provider is left alone by all for *closed_seconds*; *chance* is 0 to 1.
    """
    waiting = [verdict for verdict in verdicts if verdict.action is Action.RETRY]
    ended = [verdict for verdict in verdicts if verdict.action is not Action.RETRY]
    again = bool(waiting) and attempts + 1 < rules.max_attempts
    if not again:
        ended += waiting
    failed = [verdict for verdict in ended if verdict.action is not Action.ACCEPTED]
    everything = [*before, *ended]
    # beyond what was asked for too, or all who were refused together come back together
    backoff = backoff_seconds(attempts + 1, rules, chance=chance)
    return PushDecision(
        retry_seconds=max(_granted(waiting, rules), closed_seconds) + backoff if again else None,
        state=State.DISPATCHED if _settles(everything) else State.DEAD,
        accepted=len(ended) - len(failed),
        failed=len(failed),
        reason=_reason(failed if again else [each for each in everything if each.action is not Action.ACCEPTED]),
    )


def _granted(waiting: Sequence[Verdict], rules: RetryRules) -> float:
    return min(max(verdict.wait_seconds or 0.0 for verdict in waiting), rules.max_retry_after_seconds)


def _settles(verdicts: Sequence[Verdict]) -> bool:
    actions = {verdict.action for verdict in verdicts}
    return Action.ACCEPTED in actions or actions <= {Action.GONE}


def _reason(failed: Sequence[Verdict]) -> str:
    """The most telling reason: a refusal, then a try too many, then a device that is gone."""
    order = (Action.REFUSED, Action.RETRY, Action.GONE)
    return min(failed, key=lambda verdict: order.index(verdict.action)).reason if failed else ""


def due_at(seconds: float, *, now: int, expires_at: int) -> int:
    """The instant to try again: no later than its expiry, which then is the end of it."""
    return min(now + math.ceil(seconds * 1000), expires_at)
