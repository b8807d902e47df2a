"""The API keys in memory: who is behind a key, decided without waiting."""

from __future__ import annotations

import hashlib
import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from notifyd.errors import Denied, NotAuthenticated
from notifyd.model.ids import KeyId
from notifyd.model.key import ApiKey
from notifyd.model.principal import Principal
from notifyd.policy.access.scopes import parse_scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notifyd.model.ids import ClientId

#: Longer texts are not hashed: no key is that long.
MAX_KEY_LENGTH = 1024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Credential(msgspec.Struct, frozen=True):
    """A key record, made ready for checking."""

    record: ApiKey
    principal: Principal
    networks: tuple[Network, ...]


def digest_of(key: str) -> str:
    """What is kept of a key. Keys are random and long, so that a plain hash cannot be turned back."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class KeyRing:
    """All records by digest and by id. `load` and `replace` follow the store."""

    def __init__(self) -> None:
        self._by_digest: dict[str, Credential] = {}
        self._by_id: dict[KeyId, ApiKey] = {}
        #: Last uses that the store does not know yet.
        self.touched: dict[KeyId, int] = {}

    def load(self, records: Iterable[ApiKey]) -> None:
        """Take over what the store has."""
        for record in records:
            self.replace(record)

    def replace(self, record: ApiKey) -> None:
        """A record is new or has changed."""
        before = self._by_id.get(record.id)
        if before is not None:
            self._forget_digests(before)
        self._by_id[record.id] = record
        if record.revoked_at is not None:
            return
        grants = parse_scopes(record.scopes)
        networks = tuple(ipaddress.ip_network(cidr) for cidr in record.allowed_cidrs)
        for digest in filter(None, (record.digest, record.previous_digest)):
            principal = Principal(record.client_id, record.id, grants, record.ends_at(digest), digest)
            self._by_digest[digest] = Credential(record, principal, networks)

    def forget(self, key_id: KeyId) -> None:
        """The store has let go of a record."""
        record = self._by_id.pop(key_id)
        self._forget_digests(record)
        self.touched.pop(key_id, None)

    def forget_client(self, client_id: ClientId) -> None:
        """The store has let go of a client with all its keys."""
        for key_id in [record.id for record in self._by_id.values() if record.client_id == client_id]:
            self.forget(key_id)

    def _forget_digests(self, record: ApiKey) -> None:
        self._by_digest.pop(record.digest, None)
        self._by_digest.pop(record.previous_digest, None)

    def authenticate(self, key: str, *, address: str, now: int) -> Principal:
        """Who *key* stands for, used from *address* at *now* (milliseconds).

        Raises:
            NotAuthenticated: unknown or revoked (`invalid_api_key`), or over its time (`api_key_expired`).
            Denied: not to be used from this address (`address_not_allowed`).
        """
        credential = self._by_digest.get(digest_of(key)) if len(key) <= MAX_KEY_LENGTH else None
        if credential is None:
            raise NotAuthenticated("the API key is not known: check it, or ask for a new one", code="invalid_api_key")
        principal = credential.principal
        if principal.expires_at is not None and now >= principal.expires_at:
            raise NotAuthenticated("the API key has expired: get a new one", code="api_key_expired")
        if credential.networks and not _within(address, credential.networks):
            raise Denied("the API key may not be used from this address", code="address_not_allowed")
        self.touched[principal.key_id] = now
        return principal

    def ends_at(self, key_id: KeyId, digest: str) -> int | None:
        """See `ApiKey.ends_at`; 0 also where the record is gone."""
        record = self._by_id.get(key_id)
        return 0 if record is None else record.ends_at(digest)

    def find(self, id_or_key: str) -> ApiKey | None:
        """The record of a key id, or of the key itself."""
        record = self._by_id.get(KeyId(id_or_key))
        if record is None and len(id_or_key) <= MAX_KEY_LENGTH:
            credential = self._by_digest.get(digest_of(id_or_key))
            record = credential.record if credential else None
        return record

    def records(self) -> list[ApiKey]:
        """Every record, oldest first."""
        return sorted(self._by_id.values(), key=lambda record: record.created_at)

    def last_used_at(self, record: ApiKey) -> int | None:
        """The last use, what the store does not know yet included."""
        return self.touched.get(record.id, record.last_used_at)

    def used(self, last_uses: Mapping[KeyId, int]) -> None:
        """The store knows these last uses."""
        for key_id, used_at in last_uses.items():
            record = self._by_id.get(key_id)
            if record is not None:
                self.replace(msgspec.structs.replace(record, last_used_at=used_at))

    def __len__(self) -> int:
        return len(self._by_id)


@lru_cache(maxsize=4096)
def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)
