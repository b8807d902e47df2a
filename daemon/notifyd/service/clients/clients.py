"""Register, look up and remove clients, and rotate their secrets."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Exhausted, Invalid
from notifyd.model.client import Client
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.policy.access.clients import (
    problems_of,
    problems_of_id,
    problems_of_secret,
    refuse_client,
    warnings_of_secret,
)
from notifyd.policy.access.sealing import SealBroken
from notifyd.policy.naming.ids import new_client_id
from notifyd.service.clients.following import FollowingRegistry
from notifyd.service.clients.registry import unknown_client

if TYPE_CHECKING:
    from notifyd.policy.access.sealing import Sealer
    from notifyd.service.access.keyring import KeyRing
    from notifyd.store.record_ports import ClientStore

_SECRET_BYTES: Final = 32

log = structlog.get_logger("notifyd.clients")


class ClientRules(msgspec.Struct, frozen=True):
    """The settings of clients."""

    #: `default` counts too.
    max_clients: int
    secret_overlap_ms: int


class NewClient(msgspec.Struct, frozen=True):
    """What a client is to be. Without a secret one is made, and without an id."""

    name: str
    secret: str = ""
    url: str = ""
    description: str = ""
    cookie_name: str = ""
    #: The one that it has had elsewhere.
    id: str = ""

    def __repr__(self) -> str:
        return f"NewClient({self.name!r})"


class ClientChanges(msgspec.Struct, frozen=True):
    """What is to be another than it was; None leaves it as it is."""

    name: str | None = None
    url: str | None = None
    description: str | None = None
    cookie_name: str | None = None

    def given(self) -> dict[str, str]:
        """Those that are not None."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


class RegisteredClient(msgspec.Struct, frozen=True):
    """The one time that a secret is shown, where it was made here."""

    client: Client
    #: "" where the caller brought it.
    secret: str
    #: Advice for a person.
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"RegisteredClient({self.client.id!r})"


class Followers(msgspec.Struct, frozen=True):
    """Who is told what became of a client."""

    #: The client as it is now: connections of its older secrets are to end, now or in time; see `Clients.ends_at`.
    rotated: Callable[[Client], None]
    #: The client is gone, its keys and devices too: close its connections, forget what is kept for its users.
    #: Must not raise.
    removed: Callable[[ClientId], Awaitable[None]]


class Clients(FollowingRegistry):
    """The registry, and its changes: they go to the store first and are in force when a call returns."""

    def __init__(
        self, store: ClientStore, ring: KeyRing, sealer: Sealer, rules: ClientRules, followers: Followers
    ) -> None:
        super().__init__(ring, sealer, followers)
        self._store = store
        self.rules = rules
        #: Held from the look at a record until its change is kept, so that no change undoes another.
        self.changing = trio.Lock()
        #: Called after each change that was made here, so that other daemons can be told. Must not raise.
        self.changed: Callable[[], object] = _nobody
        #: Called before each change, so that it is made to the record as other daemons have left it; raises as those.
        self.catch_up: Callable[[], Awaitable[object]] = _nobody_else

    async def load(self) -> None:
        """Take over what the store has, and make the client `default` where it is missing.

        Raises:
            SealBroken: the master key does not open the secrets of these clients.
            StoreUnavailable: the store cannot be used.
        """
        entries, broken = [], []
        for client in await self._store.load():
            try:
                entries.append(self._opened(client))
            except SealBroken:
                broken.append(client.id)
        if broken:
            raise SealBroken(f"the secrets of these clients cannot be opened: {', '.join(sorted(broken))}")
        for entry in entries:
            self._put(entry)
        if self.find(DEFAULT_CLIENT) is None:
            await self._keep(DEFAULT_CLIENT, NewClient(str(DEFAULT_CLIENT), _new_secret()))

    async def register(self, wanted: NewClient) -> RegisteredClient:
        """Make a client. Names need not be unique.

        Raises:
            Invalid: `invalid_client`; the message and the details tell every problem.
            Conflict: `client_exists`: another has the id that is wanted.
            Exhausted: there are as many clients as there may be.
            StoreUnavailable: it could not be kept; there is no such client.
        """
        problems = problems_of(
            name=wanted.name, url=wanted.url, description=wanted.description, cookie_name=wanted.cookie_name
        )
        problems += problems_of_secret(wanted.secret) if wanted.secret else []
        refuse_client(problems + (problems_of_id(wanted.id) if wanted.id else []))
        secret = wanted.secret or _new_secret()
        await self.catch_up()
        async with self.changing:
            if len(self) >= self.rules.max_clients:
                raise Exhausted(
                    f"there are {self.rules.max_clients} clients already: remove some first", code="too_many_clients"
                )
            client_id = ClientId(wanted.id) if wanted.id else new_client_id()
            if self.find(client_id) is not None:
                raise Conflict(f"there is a client {client_id} already: give another id, or none", code="client_exists")
            client = await self._keep(client_id, msgspec.structs.replace(wanted, secret=secret))
        self.changed()
        log.info("client_registered", client_id=client.id)
        return RegisteredClient(client, "" if wanted.secret else secret, warnings_of_secret(secret))

    async def update(self, client_id: ClientId, changes: ClientChanges) -> Client:
        """Change what a client says of itself, its secret apart; no connection is closed.

        Raises:
            NotFound, Invalid (`invalid_client`), StoreUnavailable: nothing has changed.
        """
        await self.catch_up()
        async with self.changing:
            client = self.get(client_id)
            changed = msgspec.structs.replace(client, **changes.given())
            refuse_client(
                problems_of(
                    name=changed.name,
                    url=changed.url,
                    description=changed.description,
                    cookie_name=changed.cookie_name,
                )
            )
            if changed == client:
                return client
            changed = msgspec.structs.replace(changed, updated_at=now_ms())
            if not await self._store.replace(changed):
                raise unknown_client(client_id)
            self._put(self._opened(changed))
        self.changed()
        log.info("client_updated", client_id=client_id, changed=sorted(changes.given()))
        return changed

    async def rotate_secret(
        self, client_id: ClientId, *, secret: str = "", overlap_ms: int | None = None
    ) -> RegisteredClient:
        """Give a client a new secret, made here unless *secret* is given; the one before stays good for the overlap.

        Raises:
            NotFound, Invalid, StoreUnavailable: nothing has changed.
        """
        overlap = self.rules.secret_overlap_ms if overlap_ms is None else overlap_ms
        if overlap < 0:
            raise Invalid("the overlap is negative")
        refuse_client(problems_of_secret(secret) if secret else [])
        chosen = secret or _new_secret()
        await self.catch_up()
        async with self.changing:
            entry = self._entry(client_id)
            if entry.secrets[0].matches(chosen):
                raise Invalid("clientSecret is the one that is in force already", code="invalid_client")
            now = now_ms()
            changed = msgspec.structs.replace(
                entry.client,
                secret=self._sealer.seal(client_id, chosen),
                updated_at=now,
                previous_secret=entry.client.secret if overlap else "",
                previous_until=now + overlap if overlap else None,
            )
            if not await self._store.replace(changed):
                # removed by another daemon a moment ago
                raise unknown_client(client_id)
            self._put(self._opened(changed))
        self.changed()
        log.info("client_secret_rotated", client_id=client_id, overlap_seconds=overlap / 1000)
        self._followers.rotated(changed)
        return RegisteredClient(changed, "" if secret else chosen, warnings_of_secret(chosen))

    async def remove(self, client_id: ClientId) -> Client:
        """Forget a client with its keys and devices; its connections are closed.

        Raises:
            NotFound: there is none.
            Conflict: it is `default`.
            StoreUnavailable: nothing has changed.
        """
        if client_id == DEFAULT_CLIENT:
            raise Conflict("the client `default` stays: rotate its secret instead", code="client_protected")
        await self.catch_up()
        async with self.changing:
            client = self._entry(client_id).client
            self._leaving.add(client_id)
            try:
                await self._store.remove(client_id)
                self._forget(client_id)
                self._ring.forget_client(client_id)
            finally:
                self._leaving.discard(client_id)
        self.changed()
        log.info("client_removed", client_id=client_id)
        await self._followers.removed(client_id)
        return client

    async def _keep(self, client_id: ClientId, wanted: NewClient) -> Client:
        now = now_ms()
        client = Client(
            id=client_id,
            name=wanted.name,
            secret=self._sealer.seal(client_id, wanted.secret),
            created_at=now,
            url=wanted.url,
            description=wanted.description,
            cookie_name=wanted.cookie_name,
            updated_at=now,
        )
        await self._store.put(client)
        self._put(self._opened(client))
        return client


def _nobody() -> None:
    """Nobody has to be told."""


async def _nobody_else() -> None:
    """Nobody else makes changes."""


def _new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)
