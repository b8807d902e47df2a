"""What an ack over a WebSocket names, whichever protocol it is said in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Invalid, NotFound

if TYPE_CHECKING:
    from notifyd.service.acks import Acked


def named_ids(one: str | None, several: list[str] | None) -> list[str]:
    """The ids of an ack that has either one or several.

    Raises:
        Invalid: it has none, or both.
    """
    if one is not None and several is None:
        return [one]
    if one is None and several is not None:
        return several
    raise Invalid("send id or ids, one of them", code="invalid_message")


def check_known(one: str | None, done: Acked) -> None:
    """Pass what was *done*, unless it was about *one* alone and nobody knows it.

    Raises:
        NotFound: the connection was not sent it.
    """
    if one is not None and done.unknown:
        raise NotFound("this connection was not sent it, or it is not open any more", code="notification_not_found")
