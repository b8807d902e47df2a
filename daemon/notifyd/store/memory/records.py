"""Keys, clients and devices that are forgotten with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.memory.devices import MemoryDevices
from notifyd.store.memory.keys import MemoryKeys

if TYPE_CHECKING:
    from notifyd.model.client import Client
    from notifyd.model.ids import ClientId


class MemoryClients:
    """A `ClientStore` in a dict, beside the keys and devices that go with a client."""

    def __init__(self, keys: MemoryKeys, devices: MemoryDevices) -> None:
        self._clients: dict[ClientId, Client] = {}
        self._keys = keys
        self._devices = devices
        #: How often they were changed.
        self.changes = 0

    async def load(self) -> list[Client]:
        """See `ClientStore.load`."""
        await trio.lowlevel.checkpoint()
        return list(self._clients.values())

    async def put(self, *clients: Client) -> None:
        """See `ClientStore.put`."""
        await trio.lowlevel.checkpoint()
        self._clients |= {client.id: client for client in clients}
        self.changes += 1

    async def replace(self, client: Client) -> bool:
        """See `ClientStore.replace`."""
        await trio.lowlevel.checkpoint()
        if client.id not in self._clients:
            return False
        self._clients[client.id] = client
        self.changes += 1
        return True

    async def remove(self, client_id: ClientId) -> None:
        """See `ClientStore.remove`."""
        await trio.lowlevel.checkpoint()
        self._clients.pop(client_id, None)
        self._keys.forget_client(client_id)
        self._devices.forget_client(client_id)
        self.changes += 1


class MemoryRecords:
    """`Records` in dicts."""

    def __init__(self) -> None:
        self.keys = MemoryKeys()
        self.devices = MemoryDevices()
        self.clients = MemoryClients(self.keys, self.devices)

    async def revision(self) -> int:
        """See `Records.revision`."""
        await trio.lowlevel.checkpoint()
        return self.keys.changes + self.clients.changes

    def failing_since(self) -> float | None:
        """Never."""
        return None

    async def probe(self) -> None:
        """It works."""
        await trio.lowlevel.checkpoint()

    async def close(self) -> None:
        """Nothing to close."""
        await trio.lowlevel.checkpoint()
