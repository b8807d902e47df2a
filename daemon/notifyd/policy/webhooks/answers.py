"""What the answer of a webhook means, and whether an event is tried again. Time and chance are inputs."""

from __future__ import annotations

from typing import Final

import msgspec

from notifyd.model.notification import State
from notifyd.policy.backoff import Backoff, backoff_seconds
from notifyd.policy.pushing.answers import wait_of

_GONE: Final = 410
#: The endpoint, or what stands before it, has no room for anything at the moment.
_OVERLOADED: Final = frozenset({429, 502, 503, 504})

#: Codes of answers without an HTTP status.
UNREACHABLE: Final = "unreachable"
TIMEOUT: Final = "timeout"

_SENTENCES: Final = {
    UNREACHABLE: "the endpoint could not be reached",
    TIMEOUT: "the endpoint did not answer in time",
}


class WebhookAnswer(msgspec.Struct, frozen=True):
    """How a call ended."""

    #: The HTTP status; 0 where there was no answer that could be read.
    status: int
    #: A stable snake_case word where there is no status.
    code: str = ""
    #: The header of that name, "" for none.
    retry_after: str = ""

    @property
    def taken(self) -> bool:
        """Whether the endpoint has the event."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """A word that programs may match; "" where it was taken."""
        return "" if self.taken else f"http_{self.status}" if self.status else self.code

    @property
    def sentence(self) -> str:
        """The same for a person."""
        if self.taken:
            return ""
        if self.status:
            return f"the endpoint answered with HTTP status {self.status}"
        return _SENTENCES.get(self.code, f"the call failed: {self.code.replace('_', ' ')}")


class WebhookRules(Backoff, frozen=True):
    """How often and how soon an event is told again."""

    #: Calls on the way at once, over all webhooks.
    batch_size: int
    timeout_seconds: float


class WebhookDecision(msgspec.Struct, frozen=True):
    """What becomes of one event after a call."""

    #: DISPATCHED or DEAD; None: it is told again.
    state: State | None
    #: Seconds until then.
    retry_seconds: float = 0.0
    #: How long the endpoint is to be left alone by all events; 0.0: it does not say; None: nothing is wrong with it.
    pause_seconds: float | None = None


def decide(answer: WebhookAnswer, *, attempts: int, rules: WebhookRules, now: int, chance: float) -> WebhookDecision:
    """What *answer* means for the event; *attempts* calls failed before, *now* is milliseconds, *chance* is 0 to 1.

    Everything but success and 410 is tried again, as Standard Webhooks advises: an endpoint that is being deployed
    answers 404 for a while, and one with a wrong secret 401.
    """
    if answer.taken:
        return WebhookDecision(State.DISPATCHED)
    asked = wait_of(answer.retry_after, now=now)
    granted = None if asked is None else min(asked, rules.retry_max_seconds)
    pause = 0.0 if answer.code == UNREACHABLE else granted if answer.status in _OVERLOADED else None
    if answer.status == _GONE or attempts + 1 >= rules.max_attempts:
        return WebhookDecision(State.DEAD, pause_seconds=pause)
    # beyond what was asked for, or all who were refused together come back together
    wait = (granted or 0.0) + backoff_seconds(attempts + 1, rules, chance=chance)
    return WebhookDecision(None, wait, pause)
