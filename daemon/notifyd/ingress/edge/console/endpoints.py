"""The calls of the web console that REST does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import iso_ms
from notifyd.errors import Invalid
from notifyd.ingress.edge.console.views import (
    ConnectionsAnswer,
    EngineRow,
    KickBody,
    KickedAnswer,
    LogsAnswer,
    OverviewAnswer,
    SessionAnswer,
    SignInBody,
    WaitingAnswer,
    connection_row,
    cut_off_row,
    log_row,
    node_row,
)
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.ingress.edge.rest.views import receipt_view, stats_view
from notifyd.model.ids import ClientId
from notifyd.service.logs import LogQuery
from notifyd.service.receiving.connections import ConnectionQuery
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode

if TYPE_CHECKING:
    from notifyd.ingress.edge.console.services import ConsoleServices
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.ingress.edge.rest.services import RestServices
    from notifyd.policy.access.console_sessions import ConsoleSession

_sign_in: Final = msgspec.json.Decoder(SignInBody)
_kick: Final = msgspec.json.Decoder(KickBody)
_NO_STORE: Final = ((b"Cache-Control", b"no-store"),)
_MAX_BODY_BYTES: Final = 65_536
#: What a close frame has room for, in bytes of UTF-8 (RFC 6455, section 5.5).
_MAX_REASON_BYTES: Final = 123
_MAX_SEQUENCE: Final = 10**11
_LINES: Final = 200


class SessionEndpoints:
    """Signing in and out, and whether one is signed in."""

    def __init__(self, services: RestServices, reception: Reception) -> None:
        self._services = services
        self._reception = reception

    async def get(self, call: Call) -> Answer:
        """Whether somebody is signed in, and what the page has to know."""
        door = self._reception.console
        door.check_open()
        return self._answer(door.session(call))

    async def sign_in(self, call: Call) -> Answer:
        """Begin a session."""
        body = decode_body(call, _sign_in, max_bytes=_MAX_BODY_BYTES)
        session, cookie = self._reception.console.sign_in(call, body.token)
        return self._answer(session, cookie)

    async def sign_out(self, call: Call) -> Answer:
        """End it."""
        return self._answer(None, self._reception.console.sign_out(call))

    def _answer(self, session: ConsoleSession | None, cookie: bytes = b"") -> Answer:
        door = self._reception.console
        known = session is not None and not door.development
        answer = SessionAnswer(
            signed_in=session is not None,
            development=door.development,
            csrf_token="" if session is None else session.csrf,
            expires_at=iso_ms(session.last_at(door.options.rules)) if session is not None and known else None,
            version=self._services.daemon.about.version,
            websocket_port=door.websocket_port(),
            socketio_path=door.options.socketio_path,
        )
        headers = _NO_STORE if not cookie else (*_NO_STORE, (b"Set-Cookie", cookie))
        return Answer(200, encode(answer), headers=headers)


class ConsoleEndpoints:
    """What operators see and do."""

    def __init__(self, services: RestServices, more: ConsoleServices) -> None:
        self._services = services
        self._more = more

    async def overview(self, call: Call) -> Answer:
        """The figures, the nodes, the engines."""
        daemon, nodes = self._services.daemon, self._more.nodes
        answer = OverviewAnswer(
            state=daemon.state,
            version=daemon.about.version,
            durability=daemon.about.durability,
            engines=[EngineRow(one.name, one.engine, one.healthy, one.detail) for one in daemon.engines()],
            stats=stats_view(await self._services.stats.fresh()),
            nodes=[node_row(node, here=nodes.node_id) for node in nodes.list()],
        )
        return _said(answer)

    async def waiting(self, call: Call) -> Answer:
        """What will be dispatched next."""
        client_id = ClientId(call.query("clientId") or "") or None
        found = await self._services.queue.waiting(limit=call.limit(), client_id=client_id)
        return _said(WaitingAnswer(notifications=[receipt_view(receipt) for receipt in found]))

    async def connections(self, call: Call) -> Answer:
        """Who is connected."""
        query = ConnectionQuery(
            client_id=call.query("clientId") or "",
            channel=call.query("channel") or "",
            key_id=call.query("keyId") or "",
            user_id=call.query("userId") or "",
            slow=call.query_flag("slow"),
            limit=call.limit(),
        )
        listed = await self._more.connections.list(query)
        return _said(
            ConnectionsAnswer(
                connections=[connection_row(view) for view in listed.views],
                total=listed.total,
                recently_cut=[cut_off_row(cut) for cut in listed.cut],
                missing_nodes=list(listed.missing),
            )
        )

    async def kick(self, call: Call) -> Answer:
        """Close connections for good."""
        body = decode_body(call, _kick, max_bytes=_MAX_BODY_BYTES)
        if len(body.reason.encode("utf-8", "replace")) > _MAX_REASON_BYTES or not body.reason.isprintable():
            raise Invalid(f"the reason must be printable and at most {_MAX_REASON_BYTES} bytes long")
        done = await self._more.connections.kick(body.ids, reason=body.reason)
        return _said(KickedAnswer(kicked=done.kicked, not_found=done.not_found, missing_nodes=list(done.missing)))

    async def logs(self, call: Call) -> Answer:
        """Records of the log: the newest, or what came after one that this node has told of."""
        here = self._more.nodes.node_id
        query = LogQuery(
            lines=call.query_int("limit", low=1, high=1000, default=_LINES),
            min_level=call.query("level") or "",
            grep=call.query("grep") or "",
        )
        after: int | None = call.query_int("after", low=0, high=_MAX_SEQUENCE, default=0)
        if call.query("after") is None or call.query("node") != here:
            after = None
        page = await self._more.logs.page(query, after)
        rows = [log_row(record) for record in page.records]
        return _said(LogsAnswer(node=here, sequence=page.sequence, dropped=page.dropped, records=rows))


def _said(answer: msgspec.Struct) -> Answer:
    return Answer(200, encode(answer), headers=_NO_STORE)
