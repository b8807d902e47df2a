"""Idempotency keys and what the first request under each was answered."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from notifyd.errors import IdempotencyMismatch

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.store.batch import Commit
    from notifyd.store.ports import IdempotencyKey


class KnownKey:
    """A key that was used."""

    __slots__ = ("commit", "expires_at", "fingerprint", "id")

    def __init__(self, key: IdempotencyKey, notification_id: NotificationId, commit: Commit) -> None:
        self.id = notification_id
        self.fingerprint = key.fingerprint
        self.expires_at = key.expires_at
        #: Of the first request; those that come meanwhile share its fate.
        self.commit = commit


class IdempotencyKeys:
    """Keys by credential, bounded in number and in time; beyond the number the oldest are forgotten."""

    def __init__(self, *, max_count: int) -> None:
        self.max_count = max_count
        self._known: OrderedDict[tuple[str, str], KnownKey] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._known)

    def find(self, key: IdempotencyKey, *, now: int) -> KnownKey | None:
        """What is known under *key*, or None.

        Raises:
            IdempotencyMismatch: it was used for another request.
        """
        known = self._known.get((key.credential, key.key))
        if known is None or known.expires_at <= now:
            return None
        if known.fingerprint != key.fingerprint:
            raise IdempotencyMismatch("this idempotency key was used for another request")
        return known

    def add(self, key: IdempotencyKey, notification_id: NotificationId, commit: Commit) -> None:
        """Remember *key* as the newest."""
        name = (key.credential, key.key)
        self._known[name] = KnownKey(key, notification_id, commit)
        self._known.move_to_end(name)

    def forget(self, key: IdempotencyKey, notification_id: NotificationId) -> None:
        """Undo `add`: the request was not accepted."""
        name = (key.credential, key.key)
        known = self._known.get(name)
        if known is not None and known.id == notification_id:
            del self._known[name]

    def trim(self, *, now: int) -> list[tuple[str, str]]:
        """Forget what is over time or over the number; answers which, at most a thousand at once.

        Keys are looked at in the order of their use: one that lives long may keep others a little longer.
        """
        forgotten: list[tuple[str, str]] = []
        while self._known and len(forgotten) < 1000:
            name, known = next(iter(self._known.items()))
            if len(self._known) <= self.max_count and known.expires_at > now:
                break
            del self._known[name]
            forgotten.append(name)
        return forgotten
