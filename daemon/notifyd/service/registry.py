"""The clients in memory, with their secrets open: answers without waiting."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from typing import TYPE_CHECKING

from notifyd.policy.clients import origin_of

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
    """Every client by id. It follows the store."""

    def __init__(self) -> None:
        self._entries: dict[ClientId, Entry] = {}
        self._origins: Counter[str] = Counter()

    def replace(self, entry: Entry) -> None:
        """A client is new or has changed."""
        self.forget(entry.client.id)
        self._entries[entry.client.id] = entry
        self._origins[entry.origin] += 1

    def forget(self, client_id: ClientId) -> None:
        """The store has let go of a client."""
        entry = self._entries.pop(client_id, None)
        if entry is not None:
            self._origins[entry.origin] -= 1
            if not self._origins[entry.origin]:
                del self._origins[entry.origin]

    def get(self, client_id: ClientId) -> Entry | None:
        """One client, or None."""
        return self._entries.get(client_id)

    def has_origin(self, origin: str) -> bool:
        """Whether *origin* is that of some client's pages; never for ""."""
        return bool(origin) and origin in self._origins

    def clients(self) -> list[Client]:
        """Every client, oldest first."""
        found = [entry.client for entry in self._entries.values()]
        return sorted(found, key=lambda client: (client.created_at, client.id))

    def __len__(self) -> int:
        return len(self._entries)
