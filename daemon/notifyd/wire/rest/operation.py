"""What is said of one operation of the REST interface."""

from __future__ import annotations

import enum

from msgspec import Struct


class Access(enum.Enum):
    """Who may call an operation."""

    OPEN = "open"
    #: An API key.
    KEY = "key"
    #: An API key or the admin token.
    KEY_OR_ADMIN = "key_or_admin"
    #: As KEY_OR_ADMIN; the key may stand in the query too, because a browser's EventSource sends no headers.
    STREAM = "stream"
    #: What may subscribe: an API key, a user's token, or the admin token.
    SUBSCRIBER = "subscriber"
    #: A user's token; it may stand in the query too.
    USER = "user"
    ADMIN = "admin"
    #: A session of the web console, which the admin token began.
    CONSOLE = "console"
    #: As ADMIN, unless the operator opened the metrics.
    METRICS = "metrics"
    #: The admin token, or an API key in its own header.
    ADMIN_OR_KEY = "admin_or_key"
    #: The admin token, or a user's token for what is that user's.
    ADMIN_OR_USER = "admin_or_user"
    #: As ADMIN_OR_USER, or the secret of the client that the body names.
    DEVICE = "device"


#: Where a user's token counts: pages of the clients may make these calls.
OF_USERS = frozenset((Access.ADMIN_OR_USER, Access.DEVICE, Access.SUBSCRIBER, Access.USER))


class Tag(enum.Enum):
    """The area that an operation belongs to; the value is its name."""

    PUBLISHING = "Publishing"
    NOTIFICATIONS = "Notifications"
    CHANNELS = "Channels"
    DEAD_LETTERS = "Dead letters"
    WEBHOOKS = "Webhooks"
    CLIENTS = "Clients"
    USERS = "Users"
    KEYS = "API keys"
    OPERATING = "Operating"


class Parameter(Struct, frozen=True):
    """One parameter of an operation; *kind* is a JSON Schema type."""

    name: str
    #: path, query or header.
    place: str
    description: str
    kind: str = "string"


class Operation(Struct, frozen=True):
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    tag: Tag
    access: Access
    #: The success: status, and the type of its body or the media type of what is not JSON.
    status: int
    answer: type[Struct] | str
    #: The refusals that are its own; those of its access and of any request come on top.
    errors: tuple[int, ...] = ()
    body: type[Struct] | None = None
    body_optional: bool = False
    parameters: tuple[Parameter, ...] = ()
