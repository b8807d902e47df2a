"""What wants to be told how many may come in, and by which credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.measures import milliseconds
from notifyd.service.access.keys import KeyRules
from notifyd.service.access.tokens import TokenRules
from notifyd.service.clients.clients import ClientRules
from notifyd.service.clients.devices import DeviceRules
from notifyd.service.receiving.connect import ConnectRules

if TYPE_CHECKING:
    from notifyd.config import Settings


def key_rules(settings: Settings) -> KeyRules:
    """How keys are made."""
    keys = settings.keys
    return KeyRules(keys.key_bytes, milliseconds(keys.rotation_overlap_seconds), keys.max_keys)


def connect_rules(settings: Settings) -> ConnectRules:
    """How many connections a credential may have."""
    return ConnectRules(settings.keys.max_connections_per_key, settings.clients.max_connections_per_user)


def client_rules(settings: Settings) -> ClientRules:
    """How clients are registered."""
    clients = settings.clients
    return ClientRules(clients.max_clients, milliseconds(clients.secret_overlap_seconds))


def token_rules(settings: Settings) -> TokenRules:
    """What a user's token has to be, and what it allows."""
    clients = settings.clients
    return TokenRules(
        leeway_seconds=clients.leeway_seconds,
        max_bytes=clients.max_token_bytes,
        users_subscribe=tuple(rule.pattern for rule in settings.channels if rule.users_subscribe),
        users_publish=tuple(rule.pattern for rule in settings.channels if rule.users_publish),
        users_may_publish=clients.users_may_publish,
    )


def device_rules(settings: Settings) -> DeviceRules:
    """How many devices a user may have."""
    return DeviceRules(settings.clients.max_devices_per_user)
