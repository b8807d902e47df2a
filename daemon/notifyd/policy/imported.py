"""What a record must be that comes from a file instead of from the services that make such records."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.model.client import Client
from notifyd.model.key import ApiKey
from notifyd.policy.access.clients import problems_of
from notifyd.policy.access.scopes import parse_scopes
from notifyd.policy.naming.targets import check_user

if TYPE_CHECKING:
    from notifyd.model.device import Device

MAX_NAME_LENGTH: Final = 200
MAX_TOKEN_BYTES: Final = 4096
#: Far more than what is sealed may have.
MAX_SEALED_LENGTH: Final = 8192

_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN: Final = re.compile(r"[!-~]+")
#: The year 10000, in milliseconds.
_LATEST: Final = 253_402_300_800_000


def check_record(record: Client | ApiKey | Device) -> None:
    """Do nothing when *record* may be kept.

    Raises:
        Invalid: it may not; the sentence says what is wrong, and repeats no secret.
    """
    _refuse_unless(_ID.fullmatch(record.id), "id must be letters, digits and characters of _.-")
    if isinstance(record, Client):
        _check_client(record)
    elif isinstance(record, ApiKey):
        _check_key(record)
    else:
        _check_device(record)


def _check_client(client: Client) -> None:
    problems = problems_of(
        name=client.name, url=client.url, description=client.description, cookie_name=client.cookie_name
    )
    if problems:
        raise Invalid("; ".join(f"{field}: {message}" for field, message in problems), code="invalid_records")
    for sealed in (client.secret, client.previous_secret):
        _refuse_unless(len(sealed) <= MAX_SEALED_LENGTH, "a sealed secret is too long")
    _refuse_unless(client.secret, "secret is missing")
    _check_instants(client.created_at, client.updated_at, client.previous_until)


def _check_key(key: ApiKey) -> None:
    _refuse_unless(_ID.fullmatch(key.client_id), "clientId is none")
    name = key.name
    _refuse_unless(
        name.strip() and len(name) <= MAX_NAME_LENGTH and name.isprintable(),
        f"name must be 1 to {MAX_NAME_LENGTH} printable characters",
    )
    _refuse_unless(_DIGEST.fullmatch(key.digest), "digest must be 64 hexadecimal digits")
    _refuse_unless(
        not key.previous_digest or _DIGEST.fullmatch(key.previous_digest),
        "previousDigest must be empty or 64 hexadecimal digits",
    )
    parse_scopes(key.scopes)
    for cidr in key.allowed_cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as exc:
            raise Invalid(f"{cidr[:50]!r} is not a network in CIDR notation", code="invalid_records") from exc
    _check_instants(key.created_at, key.expires_at, key.revoked_at, key.last_used_at, key.previous_until)


def _check_device(device: Device) -> None:
    _refuse_unless(_ID.fullmatch(device.client_id), "clientId is none")
    check_user(device.user_id)
    _refuse_unless(
        len(device.token) <= MAX_TOKEN_BYTES and _TOKEN.fullmatch(device.token),
        f"token must be 1 to {MAX_TOKEN_BYTES} printable ASCII characters without spaces",
    )
    _check_instants(device.created_at, device.seen_at)


def _check_instants(*instants: int | None) -> None:
    for instant in instants:
        _refuse_unless(instant is None or 0 <= instant < _LATEST, "an instant is out of range")


def _refuse_unless(good: object, sentence: str) -> None:
    if not good:
        raise Invalid(sentence, code="invalid_records")
