"""Paths that cannot be understood."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request


def check_path(request: Request) -> None:
    """Pass when the path of *request* is UTF-8 once its percent-encoding is undone.

    Raises:
        Invalid: it is not; what was put in the place of the wrong bytes must not be taken for a name.
    """
    if "\ufffd" not in request.path:
        return
    try:
        unquote_to_bytes(request.raw_path).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Invalid("the path is not UTF-8 once its percent-encoding is undone") from exc
