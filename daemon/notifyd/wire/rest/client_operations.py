"""The operations of the client service, below /api/v1."""

from __future__ import annotations

from typing import Final

from notifyd.wire.rest import bodies as rest
from notifyd.wire.rest import client_bodies as client_rest
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag

_CLIENT_ID: Final = Parameter("id", "path", "The client's id.")
_USER: Final = Parameter("userId", "path", "The user, percent-encoded; slashes may stand as %2F.")
_OF_CLIENT: Final = Parameter("clientId", "query", "Whose; `default` when absent.")
_OF_CLIENT_OR_TOKEN: Final = Parameter(
    "clientId", "query", "Whose; absent, it is the token's client, and with the admin token `default`."
)
_IDEMPOTENCY: Final = Parameter(
    "Idempotency-Key", "header", "The same key with the same body returns the first receipt; 1-255 printable ASCII."
)

PUBLISH_TO_USERS: Final = Operation(
    "publishToUsers", "POST", "/api/v1/notifications", "Publish a notification to users",
    Tag.PUBLISHING, Access.ADMIN_OR_KEY, 202, rest.Accepted, (404, 413, 415, 422, 503),
    client_rest.UserNotificationBody, parameters=(_IDEMPOTENCY,),
)  # fmt: skip

CLIENT_OPERATIONS: Final = (
    Operation(
        "registerClient", "POST", "/api/v1/clients", "Register a client",
        Tag.CLIENTS, Access.ADMIN, 201, client_rest.RegisteredClientAnswer, (413, 415, 503), client_rest.NewClientBody,
    ),
    Operation(
        "listClients", "GET", "/api/v1/clients", "List the clients",
        Tag.CLIENTS, Access.ADMIN, 200, client_rest.ClientsAnswer,
    ),
    Operation(
        "getClient", "GET", "/api/v1/clients/{id}", "Show a client",
        Tag.CLIENTS, Access.ADMIN, 200, client_rest.ClientAnswer, (404,), parameters=(_CLIENT_ID,),
    ),
    Operation(
        "removeClient", "DELETE", "/api/v1/clients/{id}", "Remove a client with its keys, devices and inboxes",
        Tag.CLIENTS, Access.ADMIN, 200, rest.Done, (404, 409, 503), parameters=(_CLIENT_ID,),
    ),
    Operation(
        "rotateClientSecret", "POST", "/api/v1/clients/{id}/rotate-secret",
        "Replace a client's secret, with an overlap", Tag.CLIENTS, Access.ADMIN, 200, client_rest.RotatedSecretAnswer,
        (404, 413, 415, 503), client_rest.SecretRotationBody, body_optional=True, parameters=(_CLIENT_ID,),
    ),
    PUBLISH_TO_USERS,
    Operation(
        "getInbox", "GET", "/api/v1/users/{userId}/inbox", "What is kept for a user",
        Tag.USERS, Access.ADMIN_OR_USER, 200, client_rest.InboxAnswer, (404,), parameters=(
            _USER, _OF_CLIENT_OR_TOKEN,
            Parameter("limit", "query", "How many of the newest at most, 1 to 1000; 100 when absent.", "integer"),
        ),
    ),
    Operation(
        "registerDevice", "POST", "/api/v1/devices", "Register a push token for a user",
        Tag.USERS, Access.DEVICE, 201, client_rest.DeviceAnswer, (404, 413, 415, 503), client_rest.NewDeviceBody,
    ),
    Operation(
        "listDevices", "GET", "/api/v1/devices", "List devices",
        Tag.USERS, Access.ADMIN, 200, client_rest.DevicesAnswer, (404, 503), parameters=(
            _OF_CLIENT,
            Parameter("userId", "query", "Only those of this user."),
            Parameter("limit", "query", "How many at most, 1 to 1000; 100 when absent.", "integer"),
        ),
    ),
    Operation(
        "removeDevice", "DELETE", "/api/v1/devices/{id}", "Forget a device",
        Tag.USERS, Access.ADMIN_OR_USER, 200, rest.Done, (404, 503), parameters=(
            Parameter("id", "path", "The device's id."), _OF_CLIENT_OR_TOKEN,
        ),
    ),
    Operation(
        "mintToken", "POST", "/api/v1/tokens", "Make a user's token, to try things out",
        Tag.USERS, Access.ADMIN, 201, client_rest.TokenAnswer, (404, 413, 415), client_rest.NewTokenBody,
    ),
)  # fmt: skip
