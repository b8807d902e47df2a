"""The bodies of the REST interface of the client service, below /api/v1, in camelCase."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from notifyd.wire.rest.bodies import Delay, Instant, Metadata, Position, Priority, PublicationView, Timestamp, Ttl

#: A hundred years.
_MAX_SECONDS: Final = 3_155_760_000

Overlap = Annotated[
    float, Meta(ge=0, le=_MAX_SECONDS, description="How long tokens of the old secret stay good; a setting says else.")
]
MadeSecret = Annotated[str, Meta(description="Only where the daemon made it, and this once.")]
Warnings = Annotated[list[str], Meta(description="Advice, such as that the secret is short.")]
ClientName = Annotated[str, Meta(description="The application, for people; 1 to 200 characters.")]


class NewClientBody(Struct, frozen=True, rename="camel"):
    """An application that is to become a client."""

    app_name: ClientName
    client_secret: (
        Annotated[str, Meta(description="Signs the users' tokens: 8 characters or more, better 32; made when absent.")]
        | None
    ) = None
    client_url: (
        Annotated[str, Meta(description="Where its pages come from: they may connect with a cookie.")] | None
    ) = None
    description: str | None = None
    cookie_name: Annotated[str, Meta(description="The cookie that may carry a user's token.")] | None = None


class ClientView(Struct, frozen=True, rename="camel"):
    """What is kept of a client; never its secret."""

    id: str
    client_id: str
    app_name: str
    client_url: str
    description: str
    cookie_name: str
    created_at: Timestamp
    updated_at: Timestamp
    #: While a rotation overlaps: until when tokens of the secret before are still good.
    previous_secret_until: Timestamp | None


class RegisteredClientAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A new client."""

    success: Literal[True] = True
    id: str
    #: The same as `id`.
    client_id: str
    app_name: str
    client_url: str
    description: str
    cookie_name: str
    created_at: Timestamp
    warnings: Warnings
    client_secret: MadeSecret | UnsetType = UNSET


class ClientAnswer(Struct, frozen=True, kw_only=True):
    """One client."""

    success: Literal[True] = True
    client: ClientView


class ClientsAnswer(Struct, frozen=True, kw_only=True):
    """Clients, the oldest first."""

    success: Literal[True] = True
    clients: list[ClientView]


class SecretRotationBody(Struct, frozen=True, rename="camel"):
    """How a client's secret is replaced."""

    client_secret: Annotated[str, Meta(description="The new one; made when absent.")] | None = None
    overlap_seconds: Overlap | None = None


class RotatedSecretAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A client with another secret."""

    success: Literal[True] = True
    client: ClientView
    warnings: Warnings
    client_secret: MadeSecret | UnsetType = UNSET


class UserNotificationBody(Struct, frozen=True, rename="camel", gc=False):
    """A notification for users. At most one of ttl and expiresAt, and at most one of delay and deliverAt."""

    #: Back ends that number their users put numbers into their tokens too.
    users: Annotated[list[str | int], Meta(description="Whom it is for, one at least; a number is its digits.")]
    client_id: Annotated[str, Meta(description="Whose users; with an API key it may be left out.")] | None = None
    payload: Annotated[Raw, Meta(description="Any JSON value; it reaches the users as it is.")] = msgspec.field(
        default_factory=Raw
    )
    data: Annotated[Raw, Meta(description="The same as payload, under the channel service's name.")] = msgspec.field(
        default_factory=Raw
    )
    priority: Priority | None = None
    metadata: Metadata = msgspec.field(default_factory=Raw)
    ttl: Ttl | None = None
    expires_at: Instant | None = None
    delay: Delay | None = None
    deliver_at: Instant | None = None


class NewDeviceBody(Struct, frozen=True, rename="camel"):
    """A push token. With a user's token, clientId and userId are that token's and may be left out."""

    fcm_token: Annotated[str, Meta(description="From Firebase Cloud Messaging; it belongs to its latest user.")]
    client_id: str | None = None
    user_id: str | None = None


class DeviceView(Struct, frozen=True, rename="camel"):
    """A device of a user."""

    id: str
    client_id: str
    user_id: str
    token_hint: Annotated[str, Meta(description="The end of the push token.")]
    created_at: Timestamp
    seen_at: Timestamp


class DeviceAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One device."""

    success: Literal[True] = True
    device_id: str
    device: DeviceView


class DevicesAnswer(Struct, frozen=True, kw_only=True):
    """Devices, the latest seen first."""

    success: Literal[True] = True
    devices: list[DeviceView]


class NewTokenBody(Struct, frozen=True, rename="camel"):
    """Whose token it is to be."""

    client_id: str
    user_id: str
    ttl_seconds: (
        Annotated[float, Meta(gt=0, le=_MAX_SECONDS, description="How long it is good; an hour when absent.")] | None
    ) = None
    channels: (
        Annotated[list[str], Meta(description="subscribe:PATTERN, publish:PATTERN, or PATTERN to subscribe.")] | None
    ) = None


class TokenAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A user's token."""

    success: Literal[True] = True
    token: str
    expires_at: Timestamp


class InboxAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept for a user, in the order of the offsets."""

    success: Literal[True] = True
    client_id: str
    user_id: str
    #: The newest one of the inbox at this moment.
    position: Position
    #: Up to this offset everything is proven to have arrived.
    cursor: int
    kept: int
    #: How many of those come after the cursor.
    undelivered: int
    size_bytes: int
    last_at: Timestamp | None
    notifications: list[PublicationView]
    #: Whether there are older ones than these.
    more: bool
