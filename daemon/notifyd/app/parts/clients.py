"""The services of registered clients, and what a change of one does to the rest of the daemon."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog

from notifyd.app.translate.access import client_rules, device_rules, token_rules
from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.service.access.key_following import KeyFollower
from notifyd.service.access.tokens import Tokens
from notifyd.service.clients.clients import Clients, Followers
from notifyd.service.clients.devices import Devices
from notifyd.service.clients.refresh import Refresher

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.model.client import Client
    from notifyd.model.ids import ClientId
    from notifyd.policy.access.sealing import Sealer
    from notifyd.service.access.keyring import KeyRing
    from notifyd.service.access.keys import Keys
    from notifyd.service.receiving.connect import Connector
    from notifyd.store.ports import Broker
    from notifyd.store.record_ports import Records
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.clients")


class Aftermath:
    """Follows clients: connections end with the secret or the client that they came by, and so does what waits."""

    def __init__(self, broker: Broker, counters: Counters) -> None:
        self._broker = broker
        self._counters = counters
        #: Set as soon as there are connectors; nothing changes before.
        self.clients: Clients | None = None
        self.connector: Connector | None = None

    def rotated(self, client: Client) -> None:
        """See `Followers.rotated`."""
        if self.connector is not None and self.clients is not None:
            self.connector.end_secrets(client.id, partial(self.clients.ends_at, client.id))

    async def removed(self, client_id: ClientId) -> None:
        """See `Followers.removed`."""
        if self.connector is not None:
            self.connector.end_client(client_id)
        try:
            self._counters.cleared += await self._broker.queue.clear(client_id, now=now_ms())
            await self._broker.inbox.forget(client_id)
        except StoreUnavailable as exc:
            # Nobody can reach it any more; it goes by its age.
            log.warning("removed_client_leaves_data", client_id=client_id, problem=exc.message)


class ClientServices(msgspec.Struct, frozen=True):
    """What there is for clients."""

    clients: Clients
    tokens: Tokens
    devices: Devices
    aftermath: Aftermath


def compose_clients(
    settings: Settings, records: Records, ring: KeyRing, sealer: Sealer, broker: Broker, counters: Counters
) -> ClientServices:
    """Put them together; `Clients.load` has still to be called, and the aftermath to get its connector."""
    aftermath = Aftermath(broker, counters)
    followers = Followers(aftermath.rotated, aftermath.removed)
    clients = Clients(records.clients, ring, sealer, client_rules(settings), followers)
    aftermath.clients = clients
    tokens = Tokens(clients, token_rules(settings))
    devices = Devices(records.devices, clients, device_rules(settings))
    return ClientServices(clients, tokens, devices, aftermath)


def compose_refreshing(
    settings: Settings, records: Records, ring: KeyRing, keys: Keys, registered: ClientServices, connector: Connector
) -> Refresher:
    """What lets keys and clients follow changes that other daemons make."""
    clients = registered.clients
    follower = KeyFollower(ring, connector.end_key, clients.known)
    seconds = settings.records.refresh_seconds
    refresher = Refresher(records, keys, clients, follower, registered.aftermath.removed, seconds=seconds)
    keys.catch_up = clients.catch_up = refresher.catch_up
    return refresher
