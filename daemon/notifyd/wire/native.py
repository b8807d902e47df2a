"""The plain JSON protocol of the channel service: what clients may send, and what they are sent.

Shapes are DESIGN section 5 and notifyd-protocol(7). Messages are WebSocket texts, one JSON object each, camelCase.
Whatever is made here is the JSON text; the WebSocket frame around it is put on by `text_frame`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from notifyd.errors import Invalid
from notifyd.model.ids import ConnectionId
from notifyd.wire.json import encode, json_string
from notifyd.wire.publication import publication_json
from notifyd.wire.websocket import text_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication

RequestId = str | int | None


class Since(msgspec.Struct, frozen=True):
    """A position as clients send it."""

    epoch: str
    offset: Annotated[int, msgspec.Meta(ge=0)]


class _Message(msgspec.Struct, frozen=True, tag_field="type", rename="camel", kw_only=True):
    #: Echoed in the answer, so that pipelined messages can be told apart.
    request_id: RequestId = None


class Authenticate(_Message, frozen=True, tag="authenticate"):
    """The first thing to say: one of the two credentials."""

    api_key: str | None = None
    token: str | None = None


class Subscribe(_Message, frozen=True, tag="subscribe"):
    """Ask for a channel, and with `since` for what came after that position."""

    channel: str
    since: Since | None = None
    ack: bool = False


class Unsubscribe(_Message, frozen=True, tag="unsubscribe"):
    """Stop a channel."""

    channel: str


class Ping(_Message, frozen=True, tag="ping"):
    """Answered with a pong."""


class Publish(_Message, frozen=True, tag="publish"):
    """Publish over the connection; the credential needs the scope."""

    channel: str
    data: msgspec.Raw
    priority: int | None = None
    # a Raw within a union would refuse what is not null
    metadata: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


Message = Authenticate | Subscribe | Unsubscribe | Ping | Publish

#: The id of a connection that was never let in.
NOBODY: Final = ConnectionId("")

#: The values of `type` that a client may send.
MESSAGE_TYPES: Final = ("authenticate", "subscribe", "unsubscribe", "ping", "publish")

_decoder: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)


def parse_message(text: bytes | str) -> Message:
    """One message of a client.

    Raises:
        Invalid: `invalid_json`, `unknown_type` or `invalid_message`, saying where and what would be right.
    """
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as exc:
        raise _explain(text, exc) from exc
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise Invalid(f"not one JSON object: {exc}", code="invalid_json") from exc
    except RecursionError as exc:
        raise Invalid("nested too deep", code="invalid_json") from exc


def _explain(text: bytes | str, problem: msgspec.ValidationError) -> Invalid:
    message = str(problem)
    if "`$.type`" in message or "required field `type`" in message:
        known = ", ".join(MESSAGE_TYPES)
        return Invalid(f"unknown or missing type: {message}; known are {known}", code="unknown_type")
    return Invalid(message, code="invalid_message")


class _Envelope(msgspec.Struct, rename="camel"):
    request_id: RequestId = None


def request_id_of(text: bytes | str) -> RequestId:
    """The `requestId` of a message that was refused, where it can be made out."""
    try:
        return msgspec.json.decode(text, type=_Envelope).request_id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def connected(connection_id: str) -> bytes:
    """The greeting."""
    return b'{"type":"connected","connectionId":"%b","message":"Please authenticate with your API key"}' % (
        connection_id.encode()
    )


def authenticated(request_id: RequestId, unsubscribed: Sequence[str] = ()) -> bytes:
    """The answer to a good credential, with the channels that it does not allow and that were subscribed before."""
    lost = b',"unsubscribed":' + encode(unsubscribed) if unsubscribed else b""
    return b'{"type":"authenticated","success":true,"message":"Successfully authenticated"%b%b}' % (
        lost,
        _echo(request_id),
    )


def subscribed(
    channel: str,
    position: StreamPosition,
    request_id: RequestId,
    *,
    recovered: bool | None = None,
    replayed: int = 0,
    skipped: int = 0,
) -> bytes:
    """The answer to a subscribe. *recovered* is None where no `since` was given."""
    recovery = b""
    if recovered is not None:
        recovery = b',"recovered":%b,"replayed":%d,"skipped":%d' % (
            b"true" if recovered else b"false",
            replayed,
            skipped,
        )
    return b'{"type":"subscribed","channel":%b,"position":{"epoch":"%b","offset":%d}%b%b}' % (
        json_string(channel),
        position.epoch.encode(),
        position.offset,
        recovery,
        _echo(request_id),
    )


def unsubscribed(channel: str, request_id: RequestId) -> bytes:
    """The answer to an unsubscribe."""
    return b'{"type":"unsubscribed","channel":%b%b}' % (json_string(channel), _echo(request_id))


def pong(request_id: RequestId) -> bytes:
    """The answer to a ping."""
    return b'{"type":"pong"%b}' % _echo(request_id)


def published(notification_id: str, durability: str, request_id: RequestId) -> bytes:
    """The answer to a publish: the receipt."""
    return b'{"type":"published","notificationId":"%b","status":"accepted","durability":"%b"%b}' % (
        notification_id.encode(),
        durability.encode(),
        _echo(request_id),
    )


def error(code: str, message: str, request_id: RequestId, *, retry_after_seconds: float | None = None) -> bytes:
    """A refusal; the connection stays unless a close follows."""
    retry = b"" if retry_after_seconds is None else b',"retryAfter":%.3f' % retry_after_seconds
    return b'{"type":"error","code":"%b","message":%b%b%b}' % (
        code.encode(),
        json_string(message),
        retry,
        _echo(request_id),
    )


def _echo(request_id: RequestId) -> bytes:
    return b"" if request_id is None else b',"requestId":' + encode(request_id)


def notification_frame(publication: Publication) -> bytes:
    """A delivery as a whole WebSocket frame: made once, sent to every subscriber."""
    return text_frame(b'{"type":"notification","notification":%b}' % publication_json(publication))
