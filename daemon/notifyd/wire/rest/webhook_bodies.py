"""The bodies of the calls about webhooks, in camelCase."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from notifyd.wire.rest.bodies import Timestamp


class WebhookView(Struct, frozen=True, rename="camel"):
    """A webhook and how it is doing; never its secret. Counts are since the daemon's start."""

    name: str
    url: str
    client_id: Annotated[str | None, Meta(description="Only events of this client; null: of all.")]
    events: Annotated[list[str], Meta(description="What it is told of; empty: everything.")]
    state: Literal["idle", "delivering", "failing"]
    waiting: int
    delivered: int
    failed: Annotated[int, Meta(description="Calls that failed, those that are tried again included.")]
    dead: Annotated[int, Meta(description="Events given up, which are dead letters.")]
    dropped: Annotated[int, Meta(description="Events that had no room to wait, or expired before they were told.")]
    last_at: Timestamp | None
    last_status: Annotated[int | None, Meta(description="What it answered last; null where it did not.")]
    last_error: str | None


class WebhooksAnswer(Struct, frozen=True, kw_only=True):
    """Webhooks, in the order of the configuration."""

    success: Literal[True] = True
    webhooks: list[WebhookView]


class TrialView(Struct, frozen=True, rename="camel"):
    """How a call ended that was asked for."""

    event_id: str
    taken: Annotated[bool, Meta(description="Whether it answered with a 2xx.")]
    status: int | None
    error: str | None
    seconds: float


class TrialAnswer(Struct, frozen=True, kw_only=True):
    """The webhook was called; whether it took the event is in here."""

    success: Literal[True] = True
    test: TrialView
