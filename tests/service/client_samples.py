"""Clients, keys, tokens and devices without anything that delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import StoreUnavailable
from notifyd.policy.access.sealing import Sealer
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import KeyRules, Keys
from notifyd.service.access.tokens import TokenRules, Tokens
from notifyd.service.clients.clients import ClientRules, Clients, Followers
from notifyd.service.clients.devices import DeviceRules, Devices
from notifyd.store.memory.records import MemoryClients, MemoryRecords

if TYPE_CHECKING:
    import trio

    from notifyd.model.client import Client
    from notifyd.model.ids import ClientId

DAY_MS = 86_400_000
GOOD_SECRET = "correct-horse-battery-staple-and-more"
SEALER = Sealer(bytes(32))
TOKEN_RULES = TokenRules(
    leeway_seconds=5, max_bytes=8192, users_subscribe=("open.*",), users_publish=("chat",), users_may_publish=True
)


class GatedClients(MemoryClients):
    """A store that is away while `away` is set, and removes nothing before `gate` is open."""

    away = False
    gate: trio.Event | None = None

    async def put(self, *clients: Client) -> None:
        self._check()
        await super().put(*clients)

    async def replace(self, client: Client) -> bool:
        self._check()
        return await super().replace(client)

    async def remove(self, client_id: ClientId) -> None:
        self._check()
        if self.gate is not None:
            await self.gate.wait()
        await super().remove(client_id)

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("away")


class House:
    """The services over records in memory; `rotated` and `removed` are what was told about clients."""

    def __init__(self, records: MemoryRecords | None = None, sealer: Sealer = SEALER) -> None:
        self.records = records or MemoryRecords()
        if not isinstance(self.records.clients, GatedClients):
            self.records.clients = GatedClients(self.records.keys, self.records.devices)
        self.client_store = self.records.clients
        self.ring = KeyRing()
        self.rotated: list[Client] = []
        self.removed: list[ClientId] = []
        self.clients = Clients(
            self.records.clients, self.ring, sealer, ClientRules(10, DAY_MS), Followers(self.rotated.append, self._gone)
        )
        self.keys = Keys(
            self.records.keys, self.ring, KeyRules(32, DAY_MS, 10), lambda record: None, self.clients.known
        )
        self.devices = Devices(self.records.devices, self.clients, DeviceRules(max_per_user=3))
        self.tokens = Tokens(self.clients, TOKEN_RULES)

    async def loaded(self) -> House:
        """Itself, once the clients are in memory."""
        await self.clients.load()
        return self

    async def _gone(self, client_id: ClientId) -> None:
        self.removed.append(client_id)
