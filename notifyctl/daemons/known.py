"""A list that is empty because what it was asked of does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sized

    from notifyctl.daemons.calling import Daemon


def check_client(daemon: Daemon, client: str | None, found: Sized) -> None:
    """Make sure that the client exists where nothing was *found* of it.

    Raises:
        Refusal: there is no such client (NOT_FOUND).
    """
    if client and not found:
        daemon.call("GetClient", pb.GetClientRequest(id=client))
