"""The operations on what comes after the dispatch: dead letters, durable subscriptions, presence."""

from __future__ import annotations

from typing import Final

from notifyd.wire.rest import bodies as rest
from notifyd.wire.rest import delivery_bodies as delivery_rest
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag

_LETTER: Final = Parameter("id", "path", "The dead letter's id.")
_CHANNEL: Final = Parameter("channel", "path", "The channel, percent-encoded; slashes may stand as %2F.")
#: Which dead letters.
FILTERS: Final = (
    Parameter("clientId", "query", "Only those of this client."),
    Parameter("stage", "query", "dispatch, push, webhook, subscription or inbox."),
    Parameter("reason", "query", "Only those with this reason."),
    Parameter("channel", "query", "Only those of this channel, or of the webhook of this name."),
    Parameter("userId", "query", "Only those of this user."),
    Parameter("notificationId", "query", "Only those of this notification."),
    Parameter("since", "query", "Only those that died then or later: RFC 3339 with an offset from UTC."),
    Parameter("until", "query", "Only those that died before then."),
)

DELIVERY_OPERATIONS: Final = (
    Operation(
        "listDeadLetters", "GET", "/api/dead-letters", "List dead letters, the newest first",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, delivery_rest.DeadLettersAnswer, parameters=(
            *FILTERS,
            Parameter("limit", "query", "How many at most, 1 to 1000; 100 when absent.", "integer"),
            Parameter("after", "query", "Those behind the one with this id."),
        ),
    ),
    Operation(
        "dropDeadLetters", "DELETE", "/api/dead-letters", "Drop the dead letters that fit",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, delivery_rest.DroppedAnswer, (503,), parameters=(
            *FILTERS, Parameter("all", "query", "Without any of the others: all of them.", "boolean"),
        ),
    ),
    Operation(
        "exportDeadLetters", "GET", "/api/dead-letters/export", "Whole dead letters, the oldest first, one a line",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, "application/x-ndjson", parameters=FILTERS,
    ),
    Operation(
        "retryDeadLetters", "POST", "/api/dead-letters/retry", "Put dead letters back, each by itself",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, delivery_rest.RetriedManyAnswer, (413, 415),
        delivery_rest.RetryManyBody,
    ),
    Operation(
        "getDeadLetter", "GET", "/api/dead-letters/{id}", "Show a dead letter",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, delivery_rest.DeadLetterAnswer, (404,), parameters=(_LETTER,),
    ),
    Operation(
        "dropDeadLetter", "DELETE", "/api/dead-letters/{id}", "Drop a dead letter",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, rest.Done, (404, 503), parameters=(_LETTER,),
    ),
    Operation(
        "retryDeadLetter", "POST", "/api/dead-letters/{id}/retry", "Put a dead letter back",
        Tag.DEAD_LETTERS, Access.ADMIN, 200, delivery_rest.RetriedAnswer, (404, 409, 413, 415, 503),
        delivery_rest.RetryBody, body_optional=True, parameters=(_LETTER,),
    ),
    Operation(
        "getPresence", "GET", "/api/channels/{channel}/presence", "Who is in a channel",
        Tag.CHANNELS, Access.SUBSCRIBER, 200, delivery_rest.PresenceAnswer, parameters=(
            _CHANNEL,
            Parameter("clientId", "query", "With the admin token: whose channel; `default` when absent."),
            Parameter("limit", "query", "How many members at most, 1 to 1000; 100 when absent.", "integer"),
        ),
    ),
    Operation(
        "listDurableSubscriptions", "GET", "/api/durable-subscriptions", "List durable subscriptions",
        Tag.CHANNELS, Access.ADMIN, 200, delivery_rest.DurablesAnswer, parameters=(
            Parameter("clientId", "query", "Only those of this client."),
            Parameter("channel", "query", "Only those to this channel."),
            Parameter("limit", "query", "How many at most, 1 to 1000; 100 when absent.", "integer"),
        ),
    ),
    Operation(
        "removeDurableSubscription", "DELETE", "/api/durable-subscriptions", "Forget a durable subscription",
        Tag.CHANNELS, Access.ADMIN, 200, delivery_rest.DurableAnswer, (404, 409, 503), parameters=(
            Parameter("clientId", "query", "Whose; `default` when absent."),
            Parameter("channel", "query", "Its channel."),
            Parameter("name", "query", "Its name."),
            Parameter("userId", "query", "The user whose it is; absent for one of the client's keys."),
        ),
    ),
)  # fmt: skip
