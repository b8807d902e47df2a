"""Clients, devices and what is kept for users, as callers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from notifyd.clock import iso_ms
from notifyd.wire.rest.client_bodies import ClientView, DeviceView, RegisteredClientAnswer, RotatedSecretAnswer

if TYPE_CHECKING:
    from notifyd.model.client import Client
    from notifyd.model.device import Device
    from notifyd.service.clients.clients import RegisteredClient


def client_view(record: Client, *, now: int) -> ClientView:
    """A client at *now* (milliseconds), without its secret."""
    until = record.overlaps_until(now)
    return ClientView(
        id=record.id,
        client_id=record.id,
        app_name=record.name,
        client_url=record.url,
        description=record.description,
        cookie_name=record.cookie_name,
        created_at=iso_ms(record.created_at),
        updated_at=iso_ms(record.updated_at or record.created_at),
        previous_secret_until=None if until is None else iso_ms(until),
    )


def registered_client(registered: RegisteredClient) -> RegisteredClientAnswer:
    """A new client, with the secret that was made for it."""
    record = registered.client
    return RegisteredClientAnswer(
        id=record.id,
        client_id=record.id,
        app_name=record.name,
        client_url=record.url,
        description=record.description,
        cookie_name=record.cookie_name,
        created_at=iso_ms(record.created_at),
        warnings=list(registered.warnings),
        client_secret=registered.secret or UNSET,
    )


def rotated_secret(registered: RegisteredClient, *, now: int) -> RotatedSecretAnswer:
    """A client with another secret, and that secret where it was made here."""
    return RotatedSecretAnswer(
        client=client_view(registered.client, now=now),
        warnings=list(registered.warnings),
        client_secret=registered.secret or UNSET,
    )


def device_view(device: Device) -> DeviceView:
    """A device; of its push token only a hint."""
    return DeviceView(
        id=device.id,
        client_id=device.client_id,
        user_id=device.user_id,
        token_hint=device.token_hint,
        created_at=iso_ms(device.created_at),
        seen_at=iso_ms(device.seen_at),
    )
