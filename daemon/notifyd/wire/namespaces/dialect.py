"""The plain JSON dialect of the client service: one object a WebSocket text, `{"event","data"?,"id"?}`.

It is what people type into wscat and Postman. An `id` asks for an answer `{"event":"ack","id","data"}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from notifyd.errors import Invalid
from notifyd.wire.json import encode, json_string
from notifyd.wire.namespaces.events import NOTIFICATION, notification_fields
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from notifyd.model.publication import Publication


class Message(msgspec.Struct, frozen=True):
    """One message of a peer."""

    event: str
    data: Any = None
    id: str | int | None = None


_decode: Final = msgspec.json.Decoder(Message).decode


def parse_message(text: bytes) -> Message:
    """One message.

    Raises:
        Invalid: `invalid_json` or `invalid_message`.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError as exc:
        raise Invalid(f'a message is {{"event":"...","data":...}}: {exc}', code="invalid_message") from exc
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise Invalid(f"not one JSON object: {exc}", code="invalid_json") from exc
    except RecursionError as exc:
        raise Invalid("nested too deep", code="invalid_json") from exc


def event_frame(event: str, data: Any = None) -> bytes:
    """A message of ours, with or without data."""
    return _frame(event, b"" if data is None else encode(data))


def ack_frame(id_: str | int, answer: Any) -> bytes:
    """The answer to the message that had that id."""
    return text_frame(b'{"event":"ack","id":%b,"data":%b}' % (encode(id_), encode(answer)))


def notification_frame(publication: Publication) -> bytes:
    """A delivery."""
    return _frame(NOTIFICATION, notification_fields(publication))


def _frame(event: str, data: bytes) -> bytes:
    rest = b',"data":' + data if data else b""
    return text_frame(b'{"event":%b%b}' % (json_string(event), rest))
