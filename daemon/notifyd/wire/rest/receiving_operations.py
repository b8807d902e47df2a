"""The operations by which notifications are received: event streams, and the acks of what they carry."""

from __future__ import annotations

from typing import Final

from notifyd.wire.rest import receiving_bodies as receiving_rest
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag

_RESUMING: Final = (
    Parameter("ack", "query", "Each delivery is to be acked, and comes again where it is not.", "boolean"),
    Parameter("Last-Event-ID", "header", "EPOCH:OFFSET: continue after this position."),
    Parameter("lastEventId", "query", "The same, for who cannot set headers."),
)
_OF_COOKIE: Final = Parameter(
    "clientId", "query", "The client whose cookie holds the user's token, for a page of its own that sends no other."
)

STREAM_CHANNEL: Final = Operation(
    "streamChannel", "GET", "/api/channels/{channel}/events", "Subscribe to a channel by Server-Sent Events",
    Tag.CHANNELS, Access.STREAM, 200, "text/event-stream", (503,), parameters=(
        Parameter("channel", "path", "The channel, percent-encoded; slashes may stand as %2F."),
        Parameter("clientId", "query", "With the admin token: whose channel; `default` when absent."),
        Parameter("durable", "query", "With ack: the name under which what was acked is kept."),
        *_RESUMING,
        Parameter("apiKey", "query", "The API key, for who cannot set headers."),
    ),
)  # fmt: skip
STREAM_INBOX: Final = Operation(
    "streamInbox", "GET", "/api/inbox/events", "Receive a user's inbox by Server-Sent Events",
    Tag.USERS, Access.USER, 200, "text/event-stream", (503,), parameters=(
        *_RESUMING,
        Parameter("token", "query", "The user's token, for who cannot set headers."),
        _OF_COOKIE,
    ),
)  # fmt: skip
ACK: Final = Operation(
    "ackNotifications", "POST", "/api/notifications/ack", "Ack or refuse what an event stream delivered",
    Tag.NOTIFICATIONS, Access.SUBSCRIBER, 200, receiving_rest.AckAnswer, (404, 413, 415, 503), receiving_rest.AckBody,
    parameters=(_OF_COOKIE,),
)  # fmt: skip
