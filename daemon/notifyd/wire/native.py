"""The plain JSON protocol of the channel service: what clients may send, and what they are sent.

Shapes are DESIGN section 5 and notifyd-protocol(7). Messages are WebSocket texts, one JSON object each, camelCase.
Whatever is made here is the JSON text; the WebSocket frame around it is put on by `text_frame`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from notifyd.clock import iso_ms
from notifyd.errors import Invalid
from notifyd.model.ids import ConnectionId
from notifyd.model.position import StreamPosition
from notifyd.wire.json import encode, json_string
from notifyd.wire.publication import publication_json
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.publication import Publication

RequestId = str | int | None

#: Ids in one ack.
_MAX_ACKED: Final = 1000

AckedIds = Annotated[list[str], msgspec.Meta(min_length=1, max_length=_MAX_ACKED)]
#: How many deliveries a peer wants open at once at most; 0 leaves it to the settings.
MaxUnacked = Annotated[int, msgspec.Meta(ge=0)]


class Since(msgspec.Struct, frozen=True):
    """A position as clients send it."""

    epoch: str
    offset: Annotated[int, msgspec.Meta(ge=0)]

    def position(self) -> StreamPosition:
        """The same in our words."""
        return StreamPosition(self.epoch, self.offset)


class _Message(msgspec.Struct, frozen=True, tag_field="type", rename="camel", kw_only=True):
    #: Echoed in the answer, so that pipelined messages can be told apart.
    request_id: RequestId = None


class Authenticate(_Message, frozen=True, tag="authenticate"):
    """The first thing to say: one of the two credentials, and with a user's token where in the inbox to go on."""

    api_key: str | None = None
    token: str | None = None
    since: Since | None = None
    #: With a token: only acks prove what arrives, and what is not acked in time comes again.
    ack: bool = False
    #: With `ack`: how many may be open at once, where the settings allow more.
    max_unacked: MaxUnacked = 0

    def __repr__(self) -> str:
        return "Authenticate()"


class Subscribe(_Message, frozen=True, tag="subscribe"):
    """Ask for a channel, and with `since` for what came after that position."""

    channel: str
    since: Since | None = None
    #: Each delivery is to be acked, and comes again where it is not.
    ack: bool = False
    #: The name under which what was acked is kept; goes with `ack`.
    durable: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    #: As in `Authenticate`.
    max_unacked: MaxUnacked = 0


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


class Presence(_Message, frozen=True, tag="presence"):
    """Ask who is in a channel."""

    channel: str


class Ack(_Message, frozen=True, tag="ack"):
    """One notification, or several, have arrived: give `id` or `ids`."""

    id: str | None = None
    ids: AckedIds | None = None


class Nack(_Message, frozen=True, tag="nack"):
    """As `Ack`: they cannot be taken now, and are to come again."""

    id: str | None = None
    ids: AckedIds | None = None
    reason: str = ""


Message = Authenticate | Subscribe | Unsubscribe | Ping | Publish | Ack | Nack | Presence

#: The id of a connection that was never let in.
NOBODY: Final = ConnectionId("")

#: The values of `type` that a client may send.
MESSAGE_TYPES: Final = ("authenticate", "subscribe", "unsubscribe", "ping", "publish", "ack", "nack", "presence")

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


class User(msgspec.Struct, frozen=True):
    """What a user is told of the token."""

    user_id: str
    #: Milliseconds since the Unix epoch.
    expires_at: int | None


class Standing(msgspec.Struct, frozen=True):
    """What a subscriber is told of a channel, or a user of the inbox, when it begins to be served."""

    position: StreamPosition
    #: None where there was no position to continue from.
    recovered: bool | None = None
    replayed: int = 0
    #: Not told with acks, where what comes is read as acks make room.
    skipped: int = 0
    #: How long an ack may take; None where none is asked for.
    ack_seconds: float | None = None


def authenticated(
    request_id: RequestId,
    unsubscribed: Sequence[str] = (),
    *,
    user: User | None = None,
    inbox: Standing | None = None,
) -> bytes:
    """The answer to a good credential, with the channels that it does not allow and that were subscribed before."""
    lost = b',"unsubscribed":' + encode(unsubscribed) if unsubscribed else b""
    return b'{"type":"authenticated","success":true,"message":"Successfully authenticated"%b%b%b%b}' % (
        b"" if user is None else _user(user),
        b"" if inbox is None else _standing(inbox),
        lost,
        _echo(request_id),
    )


def _user(user: User) -> bytes:
    expiry = b"" if user.expires_at is None else b',"expiresAt":"%b"' % iso_ms(user.expires_at).encode()
    return b',"userId":%b%b' % (json_string(user.user_id), expiry)


def _standing(standing: Standing) -> bytes:
    position, recovered = standing.position, standing.recovered
    recovery = acks = b""
    if recovered is not None:
        recovery = b',"recovered":%b,"replayed":%d' % (b"true" if recovered else b"false", standing.replayed)
    if standing.ack_seconds is None:
        recovery += b',"skipped":%d' % standing.skipped if recovery else b""
    else:
        acks = b',"ack":true,"ackSeconds":%g' % standing.ack_seconds
    return b',"position":{"epoch":"%b","offset":%d}%b%b' % (position.epoch.encode(), position.offset, recovery, acks)


def subscribed(channel: str, standing: Standing, request_id: RequestId) -> bytes:
    """The answer to a subscribe."""
    return b'{"type":"subscribed","channel":%b%b%b}' % (json_string(channel), _standing(standing), _echo(request_id))


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


def acked(message: Ack, count: int, unknown: Sequence[str]) -> bytes:
    """The answer to an ack: how many were not acked before, and which ids this connection was never sent."""
    return b'{"type":"acked"%b,"acked":%d%b%b}' % (_named(message), count, _unknown(unknown), _echo(message.request_id))


def nacked(message: Nack, count: int, unknown: Sequence[str]) -> bytes:
    """The answer to a nack: how many will come again or were given up, and which ids are not open here."""
    return b'{"type":"nacked"%b,"nacked":%d%b%b}' % (
        _named(message),
        count,
        _unknown(unknown),
        _echo(message.request_id),
    )


def _named(message: Ack | Nack) -> bytes:
    return b',"id":' + json_string(message.id) if message.id is not None else b',"ids":' + encode(message.ids)


def _unknown(unknown: Sequence[str]) -> bytes:
    return b',"unknown":' + encode(unknown) if unknown else b""


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
