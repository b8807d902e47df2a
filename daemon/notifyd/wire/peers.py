"""What nodes say to each other, as JSON: `[version, from, kind, subject, number, body]`."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

_VERSION: Final = 1


class Saying(enum.Enum):
    """What a message is."""

    #: Nobody answers.
    TELL = "tell"
    #: To be answered with the same number.
    ASK = "ask"
    ANSWER = "answer"


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message. *subject* says what it is about, and with that what *body* holds."""

    version: int
    #: The node that says it.
    sender: str
    saying: Saying
    subject: str
    #: Of an ask, and of its answers; 0 for none.
    number: int
    #: One JSON value.
    body: msgspec.Raw


_decode: Final = msgspec.json.Decoder(Message).decode


def encode_message(sender: str, saying: Saying, subject: str, body: bytes, *, number: int = 0) -> bytes:
    """One message; *body* is one JSON value."""
    return msgspec.json.encode(Message(_VERSION, sender, saying, subject, number, msgspec.Raw(body)))


def decode_message(payload: bytes) -> Message | None:
    """What *payload* says; None where it is of another version, or is no message at all."""
    try:
        message = _decode(payload)
    # ValueError: names that are no UTF-8; RecursionError: nested without end
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return message if message.version == _VERSION else None
