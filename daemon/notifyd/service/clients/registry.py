"""The clients in memory, with their secrets open: answers without waiting."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import NotFound
from notifyd.policy.access.clients import origin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.client import Client
    from notifyd.model.ids import ClientId

# Digests of secrets go into principals, and short secrets could be guessed from a plain hash.
_DIGEST_KEY = secrets.token_bytes(32)


class Secret:
    """One secret of a client, ready for use; never shown by `repr`."""

    __slots__ = ("digest", "key", "until")

    def __init__(self, text: str, until: int | None = None) -> None:
        self.key = text.encode()
        #: Tells it from others, within this process.
        self.digest = hashlib.blake2b(self.key, key=_DIGEST_KEY, digest_size=16).hexdigest()
        #: From this instant on (milliseconds) it is not good any more; None for the one in force.
        self.until = until

    def matches(self, text: str) -> bool:
        """Whether *text* is this secret; takes the same time wherever they differ."""
        return hmac.compare_digest(self.key, text.encode("utf-8", "surrogatepass"))

    def good(self, now: int) -> bool:
        """Whether it may still be used at *now*."""
        return self.until is None or now < self.until


class Entry:
    """One client, with what is asked of it for each connection."""

    __slots__ = ("client", "origin", "secrets")

    def __init__(self, client: Client, secrets_: Sequence[Secret]) -> None:
        self.client = client
        #: The one in force first.
        self.secrets = tuple(secrets_)
        self.origin = origin_of(client.url)


class Registry:
    """Every client by id."""

    def __init__(self) -> None:
        self._entries: dict[ClientId, Entry] = {}
        #: How many clients have each origin.
        self._origins: Counter[str] = Counter()
        #: On their way out: nothing new is made for them.
        self._leaving: set[ClientId] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def list(self) -> list[Client]:
        """Every client, oldest first."""
        found = [entry.client for entry in self._entries.values()]
        return sorted(found, key=lambda client: client.created_at)

    def get(self, client_id: ClientId) -> Client:
        """One client.

        Raises:
            NotFound: there is none.
        """
        return self._entry(client_id).client

    def find(self, client_id: ClientId) -> Client | None:
        """One client, or None."""
        entry = self._entries.get(client_id)
        return entry.client if entry else None

    def known(self, client_id: ClientId) -> ClientId:
        """*client_id* itself when there is such a client, and it is not about to be removed.

        Whoever keeps something for a client asks before, and again after it was kept: see `Keys`.

        Raises:
            NotFound: there is none.
        """
        if client_id in self._leaving:
            raise unknown_client(client_id)
        return self._entry(client_id).client.id

    def secrets_of(self, client_id: ClientId) -> tuple[Secret, ...]:
        """The secrets of a client that are good now, the one in force first; none for an unknown client."""
        entry = self._entries.get(client_id)
        if entry is None or len(entry.secrets) == 1:
            return entry.secrets if entry else ()
        now = now_ms()
        return tuple(secret for secret in entry.secrets if secret.good(now))

    def is_secret(self, client_id: ClientId, secret: str) -> bool:
        """Whether *secret* is a secret of that client and good now."""
        return any(known.matches(secret) for known in self.secrets_of(client_id))

    def ends_at(self, client_id: ClientId, secret_digest: str) -> int | None:
        """From which instant on (milliseconds) that secret is not good any more.

        None for the one in force; 0 where it is no good already, and where there is no such client.
        """
        for secret in self.secrets_of(client_id):
            if secret.digest == secret_digest:
                return secret.until
        return 0

    def origin_of(self, client_id: ClientId) -> str:
        """The origin of the client's pages as browsers write it; "" for none."""
        entry = self._entries.get(client_id)
        return entry.origin if entry else ""

    def has_origin(self, origin: str) -> bool:
        """Whether *origin*, as a browser writes it, is that of the pages of some client."""
        return origin in self._origins

    def cookie_name_of(self, client_id: ClientId) -> str:
        """The cookie that may carry a user's token; "" for none."""
        entry = self._entries.get(client_id)
        return entry.client.cookie_name if entry else ""

    def _entry(self, client_id: ClientId) -> Entry:
        entry = self._entries.get(client_id)
        if entry is None:
            raise unknown_client(client_id)
        return entry

    def _put(self, entry: Entry) -> None:
        self._count(self._entries.get(entry.client.id), -1)
        # in the place of an earlier one: those of one millisecond stay in their order
        self._entries[entry.client.id] = entry
        self._count(entry, 1)

    def _forget(self, client_id: ClientId) -> None:
        self._count(self._entries.pop(client_id, None), -1)

    def _count(self, entry: Entry | None, step: int) -> None:
        if entry is not None and entry.origin:
            self._origins[entry.origin] += step
            if not self._origins[entry.origin]:
                del self._origins[entry.origin]


def unknown_client(client_id: ClientId) -> NotFound:
    """The refusal of a client that is not there."""
    return NotFound(f"there is no client {client_id[:100]!r}", code="client_not_found")
