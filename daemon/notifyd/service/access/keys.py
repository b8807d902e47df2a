"""Make, look up, rotate and revoke API keys."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Exhausted, Invalid, NotFound, StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.key import ApiKey
from notifyd.policy.access.scopes import DEFAULT_SCOPES, parse_scopes
from notifyd.policy.naming.ids import new_key_id
from notifyd.service.access.key_following import ended, may_the_same
from notifyd.service.access.keyring import KeyRing, digest_of

if TYPE_CHECKING:
    from notifyd.store.record_ports import KeyStore

MAX_NAME_LENGTH = 200

log = structlog.get_logger("notifyd.keys")


class KeyRules(msgspec.Struct, frozen=True):
    """The settings of keys."""

    key_bytes: int
    rotation_overlap_ms: int
    #: Records of revoked keys count too; the oldest of those make room for new keys.
    max_keys: int


class IssuedKey(msgspec.Struct, frozen=True):
    """The one time that a key is shown."""

    key: str
    record: ApiKey


class NewKey(msgspec.Struct, frozen=True):
    """What a key is to be."""

    name: str
    client_id: ClientId = DEFAULT_CLIENT
    scopes: Sequence[str] = ()
    allowed_cidrs: Sequence[str] = ()
    expires_at: int | None = None


class KeyRights(msgspec.Struct, frozen=True):
    """What a key may do, from where, and until when."""

    #: Empty means everything.
    scopes: Sequence[str] = ()
    #: Empty means from anywhere.
    allowed_cidrs: Sequence[str] = ()
    #: Milliseconds; None means for good.
    expires_at: int | None = None


class Keys:
    """Changes go to the store first and are in force when a call returns."""

    def __init__(
        self,
        store: KeyStore,
        ring: KeyRing,
        rules: KeyRules,
        on_end: Callable[[ApiKey], None],
        known: Callable[[ClientId], ClientId],
    ) -> None:
        """*known* answers the id of a client that there is, and raises NotFound for another one."""
        self._store = store
        self._ring = ring
        self.rules = rules
        #: Told the record as it is now when live connections of its keys are to be closed, now or in time.
        self._on_end = on_end
        self._known = known
        #: Held from the look at a record until its change is kept, so that no change undoes another.
        self.changing = trio.Lock()
        #: Called after each change that was made here, so that other daemons can be told. Must not raise.
        self.changed: Callable[[], object] = _nobody
        #: Called before each change, so that it is made to the record as other daemons have left it; raises as those.
        self.catch_up: Callable[[], Awaitable[object]] = _nobody_else

    async def create(self, wanted: NewKey) -> IssuedKey:
        """Make a key.

        Raises:
            Invalid: the name, a scope, a network or the expiry is not valid.
            NotFound: there is no such client.
            Exhausted: there are as many keys as there may be.
            StoreUnavailable: it could not be kept; there is no such key.
        """
        await self.catch_up()
        now = now_ms()
        _check_name(wanted.name)
        parse_scopes(wanted.scopes)
        _check_expiry(wanted.expires_at, now)
        key = self._new_key()
        record = ApiKey(
            id=new_key_id(),
            client_id=self._known(wanted.client_id),
            name=wanted.name,
            digest=digest_of(key),
            scopes=tuple(wanted.scopes) or DEFAULT_SCOPES,
            created_at=now,
            expires_at=wanted.expires_at,
            allowed_cidrs=tuple(_network(cidr) for cidr in wanted.allowed_cidrs),
        )
        async with self.changing:
            await self._make_room()
            await self._keep(record)
        log.info("key_created", key_id=record.id, client_id=record.client_id, scopes=record.scopes)
        return IssuedKey(key, record)

    async def _make_room(self) -> None:
        excess = len(self._ring) + 1 - self.rules.max_keys
        if excess <= 0:
            return
        revoked = [record for record in self._ring.records() if record.revoked_at is not None]
        if len(revoked) < excess:
            raise Exhausted(f"there are {self.rules.max_keys} keys already: revoke some first", code="too_many_keys")
        for record in sorted(revoked, key=lambda record: record.revoked_at or 0)[:excess]:
            await self._store.remove(record.id)
            self._ring.forget(record.id)

    def list(self, client_id: ClientId | None = None, *, include_revoked: bool = False) -> list[ApiKey]:
        """The records, oldest first, with their last use."""
        return [
            self._current(record)
            for record in self._ring.records()
            if (client_id is None or record.client_id == client_id) and (include_revoked or record.revoked_at is None)
        ]

    def get(self, id_or_key: str) -> ApiKey:
        """One record, named by its id or by the key itself.

        Raises:
            NotFound: there is none.
        """
        record = self._ring.find(id_or_key)
        if record is None:
            raise NotFound("there is no such API key", code="key_not_found")
        return self._current(record)

    async def update(self, id_or_key: str, rights: KeyRights) -> ApiKey:
        """Give a key other rights; connections that it made are closed where they are not the same any more.

        A later or earlier expiry alone closes none before its time.

        Raises:
            NotFound, Conflict (revoked), Invalid, StoreUnavailable: nothing has changed.
        """
        parse_scopes(rights.scopes)
        _check_expiry(rights.expires_at, now_ms())
        cidrs = tuple(_network(cidr) for cidr in rights.allowed_cidrs)
        await self.catch_up()
        async with self.changing:
            record = self.get(id_or_key)
            if record.revoked_at is not None:
                raise Conflict("the API key is revoked: make a new one", code="key_revoked")
            scopes = tuple(rights.scopes) or DEFAULT_SCOPES
            changed = msgspec.structs.replace(record, scopes=scopes, allowed_cidrs=cidrs, expires_at=rights.expires_at)
            if changed == record:
                return record
            await self._keep(changed)
        log.info("key_updated", key_id=record.id, scopes=scopes)
        self._on_end(changed if may_the_same(record, changed) else ended(changed))
        return changed

    async def rotate(self, id_or_key: str, *, overlap_ms: int | None = None) -> IssuedKey:
        """Give a key record a new key; the one before stays good for the overlap.

        Raises:
            NotFound, Conflict (revoked or expired), Invalid, StoreUnavailable: nothing has changed.
        """
        overlap = self.rules.rotation_overlap_ms if overlap_ms is None else overlap_ms
        if overlap < 0:
            raise Invalid("the overlap is negative")
        key = self._new_key()
        await self.catch_up()
        async with self.changing:
            record = self.get(id_or_key)
            _check_usable(record, now_ms())
            changed = msgspec.structs.replace(
                record,
                digest=digest_of(key),
                previous_digest=record.digest if overlap else "",
                previous_until=now_ms() + overlap if overlap else None,
            )
            await self._keep(changed)
        log.info("key_rotated", key_id=record.id, overlap_seconds=overlap / 1000)
        self._on_end(changed)
        return IssuedKey(key, changed)

    async def revoke(self, id_or_key: str) -> ApiKey:
        """End a key at once; its connections are closed. Revoking again changes nothing.

        Raises:
            NotFound, StoreUnavailable: nothing has changed.
        """
        await self.catch_up()
        async with self.changing:
            record = self.get(id_or_key)
            if record.revoked_at is None:
                record = msgspec.structs.replace(record, revoked_at=now_ms())
                await self._keep(record)
                log.info("key_revoked", key_id=record.id)
        self._on_end(record)
        return record

    async def keep_last_uses(self) -> None:
        """Hand the last uses to the store; called now and then, because nothing depends on them.

        Raises:
            StoreUnavailable: they were not kept; the next call hands them in again.
        """
        touched, self._ring.touched = self._ring.touched, {}
        if not touched:
            return
        try:
            async with self.changing:
                self._ring.used(touched)
                await self._store.touch(touched)
        except StoreUnavailable:
            self._ring.touched = touched | self._ring.touched
            raise

    async def _keep(self, record: ApiKey) -> None:
        await self._store.put(record)
        try:
            self._known(record.client_id)
        except NotFound:
            # the client was removed meanwhile, perhaps before this was kept
            await self._store.remove(record.id)
            raise
        self._ring.replace(record)
        self.changed()

    def _current(self, record: ApiKey) -> ApiKey:
        return msgspec.structs.replace(record, last_used_at=self._ring.last_used_at(record))

    def _new_key(self) -> str:
        return secrets.token_hex(self.rules.key_bytes)


def _nobody() -> None:
    """Nobody has to be told."""


async def _nobody_else() -> None:
    """Nobody else makes changes."""


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise Invalid(f"the name must be 1 to {MAX_NAME_LENGTH} printable characters", code="invalid_name")


def _check_expiry(expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid("expiresAt is in the past")


def _check_usable(record: ApiKey, now: int) -> None:
    if record.revoked_at is not None:
        raise Conflict("the API key is revoked: make a new one", code="key_revoked")
    if record.expires_at is not None and now >= record.expires_at:
        raise Conflict("the API key has expired: make a new one", code="key_expired")


def _network(cidr: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr))
    except ValueError as exc:
        raise Invalid(f"{cidr!r} is not a network in CIDR notation: {exc}", code="invalid_cidr") from exc
