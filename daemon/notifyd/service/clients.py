"""Which clients there are."""

from __future__ import annotations

from notifyd.errors import NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId


def known_client(client_id: ClientId) -> ClientId:
    """*client_id* itself when there is such a client.

    Raises:
        NotFound: there is none.
    """
    if client_id != DEFAULT_CLIENT:
        raise NotFound(f"there is no client {client_id!r}: `default` is the one there is", code="client_not_found")
    return client_id
