"""Who may come in and how much, and what ends when that changes."""

from __future__ import annotations

import msgspec

from notifyd.app.parts.clients import compose_clients, compose_refreshing
from notifyd.app.parts.engines import Engines
from notifyd.app.translate.access import connect_rules, key_rules
from notifyd.app.translate.receiving import liveness_rules
from notifyd.config import Loaded
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.policy.access.sealing import Sealer
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import Keys
from notifyd.service.access.limits import RateLimiter
from notifyd.service.access.tokens import Tokens
from notifyd.service.clients.clients import Clients
from notifyd.service.clients.devices import Devices
from notifyd.service.clients.refresh import Refresher
from notifyd.service.receiving.connect import Connector


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The first objects of a daemon; all others are made of them."""

    loaded: Loaded
    engines: Engines
    hub: Hub
    ring: KeyRing
    sweeper: Sweeper
    connector: Connector
    limiter: RateLimiter
    clients: Clients
    tokens: Tokens
    devices: Devices
    keys: Keys
    refresher: Refresher


def compose_access(loaded: Loaded, engines: Engines, hub: Hub) -> Access:
    """Put them together; keys and clients have still to be loaded."""
    settings, records, counters = loaded.settings, engines.records, engines.counters
    ring = KeyRing()
    sweeper = Sweeper(liveness_rules(settings))
    registered = compose_clients(settings, records, ring, Sealer(engines.master_key), engines.broker, counters)
    connector = Connector(hub, ring, registered.tokens, sweeper, counters, connect_rules(settings))
    registered.aftermath.connector = connector
    keys = Keys(records.keys, ring, key_rules(settings), connector.end_key, registered.clients.known)
    limits = settings.limits
    return Access(
        loaded=loaded,
        engines=engines,
        hub=hub,
        ring=ring,
        sweeper=sweeper,
        connector=connector,
        limiter=RateLimiter(
            enabled=limits.enabled, per_minute=limits.requests_per_minute, burst=limits.burst, counters=counters
        ),
        clients=registered.clients,
        tokens=registered.tokens,
        devices=registered.devices,
        keys=keys,
        refresher=compose_refreshing(settings, records, ring, keys, registered, connector),
    )
