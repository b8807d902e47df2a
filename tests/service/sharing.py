"""Daemons that share one set of records, each with connections of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notifyd.errors import StoreUnavailable
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.service.access.key_following import KeyFollower
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import IssuedKey, KeyRules, Keys, NewKey
from notifyd.service.access.tokens import Tokens
from notifyd.service.clients.clients import ClientRules, Clients, Followers, NewClient
from notifyd.service.clients.refresh import Refresher
from notifyd.service.receiving.connect import Connector, ConnectRules
from notifyd.store.memory.records import MemoryRecords
from notifyd.telemetry.metrics import Counters
from tests.service.client_samples import DAY_MS, SEALER, TOKEN_RULES
from tests.service.node import RecordingLink

if TYPE_CHECKING:
    import trio

    from notifyd.hub.connection import Connection
    from notifyd.model.client import Client
    from notifyd.model.key import ApiKey
    from notifyd.policy.access.sealing import Sealer


class SharedRecords(MemoryRecords):
    """Records that count how often they are asked, may be away, and may be slow to hand over what they have read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.loads = 0
        self.away = False
        self.failed_at: float | None = None
        #: What was read of the keys is handed over when it is set.
        self.gate: trio.Event | None = None
        read = self.keys.load

        async def load() -> list[ApiKey]:
            self.loads += 1
            found = await read()
            if self.gate is not None:
                await self.gate.wait()
            return found

        self.keys.load = load  # type: ignore[method-assign]

    def failing_since(self) -> float | None:
        return self.failed_at

    async def revision(self) -> int:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")
        return await super().revision()


class Peer:
    """One of the daemons: its keys and clients, its connections, and its refresher, which does not run."""

    def __init__(self, records: SharedRecords, sealer: Sealer = SEALER) -> None:
        self.records = records
        self.ring = KeyRing()
        counters = Counters()
        sweeper = Sweeper(LivenessRules(heartbeat_seconds=30, connection_timeout_seconds=60, authentication_seconds=10))
        followers = Followers(self._rotated, self._removed)
        self.clients = Clients(records.clients, self.ring, sealer, ClientRules(10, DAY_MS), followers)
        self.tokens = Tokens(self.clients, TOKEN_RULES)
        hub = Hub({}, counters)
        self.connector = Connector(hub, self.ring, self.tokens, sweeper, counters, ConnectRules(9, 9))
        self.keys = Keys(records.keys, self.ring, KeyRules(32, DAY_MS, 10), self.connector.end_key, self.clients.known)
        follower = KeyFollower(self.ring, self.connector.end_key, self.clients.known)
        self.refresher = Refresher(records, self.keys, self.clients, follower, self._removed, seconds=2)
        self.keys.catch_up = self.clients.catch_up = self.refresher.catch_up
        #: The clients that were gone.
        self.removed: list[ClientId] = []

    async def started(self) -> Peer:
        """Itself, as it is after a start."""
        await self.clients.load()
        self.ring.load(await self.records.keys.load())
        assert await self.refresher.look()
        return self

    async def key(self, client_id: ClientId = DEFAULT_CLIENT) -> IssuedKey:
        return await self.keys.create(NewKey("k", client_id))

    async def client(self) -> ClientId:
        return (await self.clients.register(NewClient("shop"))).client.id

    def by_key(self, key: IssuedKey) -> Connection:
        """A connection that came by *key*."""
        connection = self.connector.admit(RecordingLink())
        self.connector.enter(connection, self.connector.principal(key.key, "127.0.0.1"))
        return connection

    def by_token(self, client_id: ClientId) -> Connection:
        """A connection of a user that came by a token."""
        connection = self.connector.admit(RecordingLink())
        token = self.tokens.mint(client_id, UserId("ann")).token
        self.connector.enter(connection, self.connector.token_principal(token))
        return connection

    def _rotated(self, client: Client) -> None:
        self.connector.end_secrets(client.id, partial(self.clients.ends_at, client.id))

    async def _removed(self, client_id: ClientId) -> None:
        self.removed.append(client_id)
        self.connector.end_client(client_id)
