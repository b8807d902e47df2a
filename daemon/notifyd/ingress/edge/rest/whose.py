"""Whose things a call is about: an operator names them, a user's token has only its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Denied
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call


def client_of(call: Call) -> ClientId:
    """The client that the query names; absent, it is that of the token, or `default`.

    A token for another client than the query names was refused at the gate.
    """
    if call.principal is not None:
        return call.principal.client_id
    return ClientId(call.query("clientId") or DEFAULT_CLIENT)


def check_own(call: Call, *, client_id: str | None, user_id: str | None) -> None:
    """Pass when the call was made by an operator, or by the user whom it is about; None stands for that user.

    Raises:
        Denied: it is about somebody else. Whether there is such a client or user is not told.
    """
    principal = call.principal
    if principal is not None and not (
        client_id in (None, principal.client_id) and user_id in (None, principal.user_id)
    ):
        raise Denied("the token is of another user", code="wrong_user")


def user_of(call: Call, user_id: str | None) -> UserId:
    """*user_id*, or the user of the token where it is absent."""
    return call.principal.user_id if call.principal is not None else UserId(user_id or "")
