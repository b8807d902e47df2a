"""Receipts for tests of what is read from them."""

from __future__ import annotations

from typing import Any

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.receipt import InboxState, Receipt, UserReceipt
from tests.store.samples import HOUR, T0


def receipt(state: State = State.DISPATCHED, kind: Kind = Kind.CHANNEL, **details: Any) -> Receipt:
    """One that was accepted at T0 and settled a second later."""
    settled_at = 0 if state is State.WAITING else T0 + 1000
    defaults = {"settled_at": settled_at, "expires_at": T0 + HOUR} | details
    return Receipt(NotificationId("n1"), DEFAULT_CLIENT, kind, "news", 5, state, T0, T0, **defaults)


def user(user_id: str, state: InboxState) -> UserReceipt:
    """What became of it for one user."""
    return UserReceipt(UserId(user_id), state, 1)
