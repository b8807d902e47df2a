"""The id of an HTTP request."""

from __future__ import annotations

from notifyd.model.request_ids import new_request_id, usable_request_id


def request_id(sent: bytes | None) -> str:
    """The id that the client *sent*, if it may stand in headers and logs, else a new one."""
    if sent is None:
        return new_request_id()
    return usable_request_id(sent.decode("latin-1")) or new_request_id()
