"""From a notification to what a phone is shown: the documented fields of the payload, within FCM's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from notifyd.model.notification import Notification

#: FCM's limit for what is shown and the data together, names included.
MAX_PAYLOAD_BYTES: Final = 4096

#: From this priority on a phone is woken up.
HIGH_PRIORITY: Final = 8

#: FCM keeps nothing longer than four weeks.
MAX_TTL_SECONDS: Final = 2_419_200

_CUT: Final = "…"

_Fields = dict[str, msgspec.Raw]
_FIELDS: Final = msgspec.json.Decoder(_Fields)

#: What has a place of its own in the message.
_SHOWN: Final = frozenset({"title", "body", "imageUrl", "data"})


class PushContent(msgspec.Struct, frozen=True):
    """One notification as it is pushed to each device of a user."""

    #: The notification that the user was to get. Shown twice (a retry after a lost answer), it replaces itself.
    notification_id: str
    #: Nothing is shown where both are empty: the application gets the data.
    title: str
    body: str
    image_url: str
    #: Where a click leads in a browser; https only, "" for none.
    link: str
    data: dict[str, str]
    high: bool
    ttl_seconds: int
    #: Seconds since the Unix epoch.
    expires_at: int

    @property
    def shown(self) -> bool:
        """Whether the phone shows something by itself."""
        return bool(self.title or self.body)


class PushMessage(msgspec.Struct, frozen=True):
    """What goes to one device."""

    #: Whoever has it can push to the device: never in logs.
    token: str
    content: PushContent


def content_of(push: Notification, *, now: int) -> PushContent:
    """What *push*, a notification of the kind PUSH, shows and carries at *now* (milliseconds)."""
    payload = _payload(push.data)
    title, body = _text(payload.get("title")), _text(payload.get("body"))
    image, link = _url(payload.get("imageUrl"), "https://", "http://"), _url(payload.get("actionUrl"), "https://")
    names = {"notificationId": str(push.parent), "clientId": str(push.client_id)}
    data = _data(payload, shown=bool(title or body)) | names
    if _size(title, body, image, data) > MAX_PAYLOAD_BYTES:
        data = names | {"truncated": "true"}
        title, body, image = _cut(title, body, image, data)
    return PushContent(
        notification_id=push.parent,
        title=title,
        body=body,
        image_url=image,
        link=link,
        data=data,
        high=push.priority >= HIGH_PRIORITY,
        ttl_seconds=min(max(0, (push.expires_at - now) // 1000), MAX_TTL_SECONDS),
        expires_at=push.expires_at // 1000,
    )


def wants_push(metadata: bytes) -> bool:
    """Whether a notification with that metadata may be pushed: all but those that say `"push": false`."""
    # most say nothing of it, and need not be decoded
    return b'"push"' not in metadata or bytes(_FIELDS.decode(metadata).get("push", b"")) != b"false"


def _payload(data: bytes) -> _Fields:
    """The fields, each as it was written: a number that no float holds is carried all the same."""
    return _FIELDS.decode(data) if data.lstrip().startswith(b"{") else {"data": msgspec.Raw(data)}


def _data(payload: _Fields, *, shown: bool) -> dict[str, str]:
    """Everything that is not shown, as strings, which is all that FCM carries; `data` is spread out."""
    fields = {name: value for name, value in payload.items() if name not in _SHOWN}
    if not shown and "imageUrl" in payload:
        fields["imageUrl"] = payload["imageUrl"]
    own = bytes(payload.get("data", b"null"))
    if own.startswith(b"{"):
        fields |= _FIELDS.decode(own)
    elif own != b"null":
        fields["data"] = msgspec.Raw(own)
    return {_free_name(name): _text(value) for name, value in fields.items()}


def _free_name(name: str) -> str:
    """*name*, or another where FCM keeps it for itself and would refuse the message."""
    reserved = not name or name in {"from", "message_type"} or name.startswith(("google", "gcm"))
    return f"_{name}" if reserved else name


def _text(value: msgspec.Raw | None) -> str:
    """A string as it is, null as nothing, anything else as the JSON that it was."""
    written = b"null" if value is None else bytes(value)
    if written.startswith(b'"'):
        return msgspec.json.decode(written, type=str)
    return "" if written == b"null" else written.decode()


def _url(value: msgspec.Raw | None, *schemes: str) -> str:
    text = _text(value)
    return text if text.lower().startswith(schemes) else ""


def _size(title: str, body: str, image: str, data: dict[str, str]) -> int:
    return len(msgspec.json.encode([{"title": title, "body": body, "image": image}, data]))


def _cut(title: str, body: str, image: str, data: dict[str, str]) -> tuple[str, str, str]:
    """What is shown, shortened where it does not fit even without the data: the picture goes first, then the body."""
    if _size(title, body, image, data) <= MAX_PAYLOAD_BYTES:
        return title, body, image
    if _size(title, body, "", data) <= MAX_PAYLOAD_BYTES:
        return title, body, ""
    title = _shortened(title, MAX_PAYLOAD_BYTES // 4)
    return title, _shortened(body, MAX_PAYLOAD_BYTES - _size(title, "", "", data)), ""


def _shortened(text: str, room: int) -> str:
    """*text*, or its beginning, so that it takes *room* bytes in JSON at most, quotation marks not counted."""
    if _json_bytes(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _json_bytes(text[:middle] + _CUT) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low] + _CUT


def _json_bytes(text: str) -> int:
    return len(msgspec.json.encode(text)) - 2
