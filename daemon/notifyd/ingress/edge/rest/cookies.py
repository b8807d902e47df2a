"""A user's token in the cookie of its client, which browsers send by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Denied
from notifyd.ingress.edge.namespaces.credentials import cookie
from notifyd.ingress.edge.origins import same_origin
from notifyd.model.ids import ClientId
from notifyd.wire.rest.operation import Access

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.service.clients.clients import Clients

#: Where it counts: pages that cannot read the cookie have no other way to receive.
OF_COOKIES: Final = frozenset((Access.USER, Access.SUBSCRIBER))


def cookie_token(call: Call, clients: Clients) -> str:
    """The token in the cookie of the client that the query names; "" where there is none.

    Raises:
        Denied: it was not sent by a page of the client's own; browsers send cookies for any.
    """
    client_id = ClientId(call.query("clientId") or "")
    name = clients.cookie_name_of(client_id) if client_id else ""
    token = cookie(call.request, name) if name else ""
    if token:
        origin = call.request.header(b"origin")
        if origin is None or not same_origin(origin, clients.origin_of(client_id)):
            raise Denied("the cookie counts for pages of the client's own origin alone", code="origin_not_allowed")
        call.by_cookie = True
    return token
