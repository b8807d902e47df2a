"""What is kept for a user, and tokens for trying things out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import iso_ms
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.ingress.edge.rest.rows import newest_rows
from notifyd.ingress.edge.rest.whose import check_own, client_of
from notifyd.model.ids import ClientId, UserId
from notifyd.model.position import StreamPosition
from notifyd.policy.naming.targets import check_user
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode, json_string
from notifyd.wire.rest.client_bodies import NewTokenBody, TokenAnswer

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.ingress.edge.rest.services import RestServices
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.store.inbox_ports import InboxInfo

_new_token: Final = msgspec.json.Decoder(NewTokenBody)
_NO_STORE: Final = ((b"Cache-Control", b"no-store"),)


class UserEndpoints:
    """The calls on a client's users."""

    def __init__(self, services: RestServices, reception: Reception) -> None:
        self._clients = services.clients
        self._tokens = services.tokens
        self._inboxes = services.inboxes
        self._reception = reception

    async def inbox(self, call: Call) -> Answer:
        """The newest that is kept. Reading it proves nothing: the cursor stays where it is."""
        client_id, user_id = self._clients.known(client_of(call)), check_user(call.params["userId"])
        check_own(call, client_id=client_id, user_id=user_id)
        await self._inboxes.attend(client_id, user_id)
        return Answer(200, _inbox_body(self._inboxes, client_id, user_id, call.limit()), headers=_NO_STORE)

    async def mint_token(self, call: Call) -> Answer:
        """A token as the client's own back end would make it."""
        body = decode_body(call, _new_token, max_bytes=self._reception.options.max_body_bytes)
        ttl: dict[str, int] = {} if body.ttl_seconds is None else {"ttl_ms": int(body.ttl_seconds * 1000)}
        minted = self._tokens.mint(ClientId(body.client_id), body.user_id, channels=body.channels or (), **ttl)
        answer = TokenAnswer(token=minted.token, expires_at=iso_ms(minted.expires_at))
        return Answer(201, encode(answer), headers=_NO_STORE)


def _inbox_body(inboxes: Inboxes, client_id: ClientId, user_id: UserId, limit: int) -> bytes:
    info = inboxes.info(client_id, user_id)
    kept = inboxes.look(client_id, user_id, _before_all(info))
    rows = newest_rows(kept.replay, limit)
    return (
        b'{"success":true,"clientId":%b,"userId":%b,"position":{"epoch":%b,"offset":%d},"cursor":%d,"kept":%d,'
        b'"undelivered":%d,"sizeBytes":%d,"lastAt":%b,"notifications":[%b],"more":%b}'
        % (
            json_string(client_id),
            json_string(user_id),
            encode(kept.position.epoch),
            kept.position.offset,
            info.cursor if info else 0,
            info.notifications if info else 0,
            info.undelivered if info else 0,
            info.size_bytes if info else 0,
            encode(iso_ms(info.last_at) if info and info.last_at else None),
            b",".join(rows),
            encode(len(rows) < len(kept.replay)),
        )
    )


def _before_all(info: InboxInfo | None) -> StreamPosition | None:
    """The place from which everything that is kept follows."""
    if info is None:
        return None
    return StreamPosition(info.position.epoch, max(0, info.position.offset - info.notifications))
