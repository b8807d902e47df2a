"""Engine.IO 4 and Socket.IO 5 as a client over WebSocket says them: texts in, values out, no I/O."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from notifyctl.showing import convert

#: Types of Engine.IO packets.
OPEN, CLOSE, PING, PONG, MESSAGE, NOOP = "0", "1", "2", "3", "4", "6"
#: Types of Socket.IO packets, within a message.
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = "0", "1", "2", "3", "4"

PATH: Final = "/socket.io"
"""Where Socket.IO is served unless said otherwise."""
_QUERY: Final = "EIO=4&transport=websocket"
_SCHEMES: Final = {"http": "ws", "https": "wss"}
_HEAD: Final = re.compile(r"(\d)(?:(/[^,]*),)?(\d{1,15})?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Packet:
    """One packet of Socket.IO."""

    type: str
    namespace: str
    #: Asks for an acknowledgement under this number, or is the one that was asked for under it.
    number: int | None
    data: Any


def decoded(text: str) -> Packet:
    """The packet in a message of Engine.IO.

    Raises:
        ValueError: it is none, or one with binary parts, which notifications never have.
    """
    found = _HEAD.fullmatch(text)
    if found is None or found[1] not in (CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR):
        raise ValueError("no packet of Socket.IO")
    return Packet(found[1], found[2] or "/", None if found[3] is None else int(found[3]), convert.parsed(found[4]))


def encoded(packet: Packet) -> str:
    """*packet* as a message of Engine.IO."""
    number = "" if packet.number is None else str(packet.number)
    data = "" if packet.data is None else json.dumps(packet.data, ensure_ascii=False, separators=(",", ":"))
    return f"{MESSAGE}{packet.type}{packet.namespace},{number}{data}"


def transport_url(url: str, path: str) -> str:
    """Where the WebSocket transport of the Socket.IO server at *url* is."""
    place = urlsplit(url)
    return urlunsplit((_SCHEMES[place.scheme], place.netloc, path.rstrip("/") + "/", _QUERY, ""))


def publication(fields: dict[str, Any]) -> dict[str, Any]:
    """A publication, with all its fields, of the one object that a `notification` event brings."""
    names = list(fields)
    ours = set(names[names.index("timestamp") :]) | {"notificationId"}
    placed = "epoch" in ours and "offset" in ours
    told = {name: fields[name] for name in ("metadata", "channel", "epoch", "offset", "attempt") if name in ours}
    data = {name: value for name, value in fields.items() if name not in ours}
    return {
        "id": fields["notificationId"],
        "channel": told.get("channel"),
        "data": data["data"] if list(data) == ["data"] and not isinstance(data["data"], dict) else data,
        "metadata": told.get("metadata"),
        "priority": None,
        "timestamp": fields["timestamp"],
        "epoch": told["epoch"] if placed else None,
        "offset": told["offset"] if placed else None,
        "userId": None,
        "attempt": told.get("attempt", 1),
    }
