"""Messages of the contract as the plain objects that `-o json` prints.

Names are camelCase; 64-bit numbers are numbers; instants are ISO 8601 with milliseconds; a field `something_json` is
embedded as the value `something`; a message or optional field that is not set is null, so that every object of a
kind has the same fields. A publication carries `epoch` and `offset` beside its other fields, as on the WebSocket, and
`userId` where it comes from an inbox; its `attempt` is above 1 where an ack did not come before.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from notifyctl.showing.output import Record

_JSON_SUFFIX = "_json"


def record(message: Message) -> Record:
    """*message* as one plain object."""
    made = dict(_fields(message))
    if message.DESCRIPTOR.name == "Publication":
        made |= made.pop("position") or {"epoch": None, "offset": None}
        made["userId"] = made.pop("userId") or None
        made["attempt"] = max(1, made.pop("attempt"))
    return made


def parsed(text: str) -> Any:
    """The JSON value *text*; None for no text. A number too big for a float stays text, so that no JSON is invalid."""
    return json.loads(text, parse_float=finite) if text else None


def finite(text: str) -> float | str:
    """The number *text*, or the text where it is too big for one."""
    value = float(text)
    return value if math.isfinite(value) else text


def _fields(message: Message) -> Iterator[tuple[str, Any]]:
    for field in message.DESCRIPTOR.fields:
        if _in_other_branch(message, field):
            continue
        if field.name.endswith(_JSON_SUFFIX):
            yield field.camelcase_name.removesuffix("Json"), parsed(getattr(message, field.name))
        else:
            yield field.camelcase_name, _value(message, field)


def _in_other_branch(message: Message, field: Any) -> bool:
    """Whether *field* is a branch of a real oneof that was not taken (an optional field is a oneof of its own)."""
    branches = field.containing_oneof
    return branches is not None and len(branches.fields) > 1 and not message.HasField(field.name)


def _value(message: Message, field: Any) -> Any:
    if field.is_repeated:
        return _repeated(getattr(message, field.name), field)
    if field.has_presence and not message.HasField(field.name):
        return None
    return _single(getattr(message, field.name))


def _repeated(values: Any, field: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {str(key): _single(values[key]) for key in sorted(values)}
    return [_single(value) for value in values]


def _single(value: Any) -> Any:
    if isinstance(value, Timestamp):
        return instant(value)
    if hasattr(value, "DESCRIPTOR"):
        return record(value)
    return value


def instant(stamp: Timestamp) -> str:
    """*stamp* as `2026-01-30T12:00:00.000Z`."""
    whole = datetime.fromtimestamp(stamp.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{stamp.nanos // 1_000_000:03d}Z"
