"""The connections of every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.hub.slow import CutOff
from notifyd.model.ids import ClientId
from notifyd.service.receiving.connections import ConnectionQuery, ConnectionView, Kicked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.bus.ports import Peers
    from notifyd.service.receiving.connections import Connections

_LIST: Final = "connections.list"
_KICK: Final = "connections.kick"


class Listed(msgspec.Struct, frozen=True):
    """Connections that fit."""

    views: list[ConnectionView]
    #: How many fit in all.
    total: int
    #: Those that were cut off lately; only where slow ones were asked for.
    cut: list[CutOff] = []
    #: Names of nodes that did not answer in time, whose connections are not among them.
    missing: tuple[str, ...] = ()


class _Kick(msgspec.Struct, frozen=True):
    """Whom to kick; one of the three is given."""

    ids: tuple[str, ...] = ()
    key_id: str = ""
    client_id: str = ""
    user_id: str = ""
    reason: str = ""


_query: Final = msgspec.json.Decoder(ConnectionQuery).decode
_listed: Final = msgspec.json.Decoder(Listed).decode
_kick: Final = msgspec.json.Decoder(_Kick).decode
_kicked: Final = msgspec.json.Decoder(Kicked).decode


class ServiceConnections:
    """Lists and closes, wherever they are."""

    def __init__(self, own: Connections, peers: Peers) -> None:
        self._own = own
        self._peers = peers
        peers.answer(_LIST, self._answer_list)
        peers.answer(_KICK, self._answer_kick)

    async def list(self, query: ConnectionQuery) -> Listed:
        """Up to `limit` of the connections that fit, the oldest first, or of slow ones those that hold the most."""
        replies = await self._peers.ask(_LIST, msgspec.json.encode(query))
        others, silent = replies.read(_listed)
        every = [self._listed(query), *others]
        views = [view for each in every for view in each.views]
        if query.slow:
            views.sort(key=lambda view: view.outbox_bytes, reverse=True)
        elif len(every) > 1:
            views.sort(key=lambda view: view.connected_at)
        cut = sorted([one for each in every for one in each.cut], key=lambda one: one.at, reverse=True)
        total = sum([each.total for each in every])
        return Listed(views[: query.limit], total, cut[: query.limit], self._names(silent))

    async def kick(self, ids: Sequence[str], *, reason: str = "") -> Kicked:
        """Close these connections with 4005, which tells them not to come back."""
        done = self._own.kick(ids, reason=reason)
        if not done.not_found:
            return done
        others = await self._others(_Kick(ids=tuple(done.not_found), reason=reason))
        found = set(others.kicked)
        return Kicked(
            [*done.kicked, *others.kicked], [each for each in done.not_found if each not in found], others.missing
        )

    async def kick_key(self, key_id: str, *, reason: str = "") -> Kicked:
        """Close every connection of a key; the key stays good."""
        done = self._own.kick_key(key_id, reason=reason)
        others = await self._others(_Kick(key_id=key_id, reason=reason))
        return Kicked([*done.kicked, *others.kicked], [], others.missing)

    async def kick_user(self, client_id: ClientId, user_id: str, *, reason: str = "") -> Kicked:
        """Close every connection of a user; its tokens stay good."""
        done = self._own.kick_user(client_id, user_id, reason=reason)
        others = await self._others(_Kick(client_id=client_id, user_id=user_id, reason=reason))
        return Kicked([*done.kicked, *others.kicked], [], others.missing)

    async def _others(self, kick: _Kick) -> Kicked:
        replies = await self._peers.ask(_KICK, msgspec.json.encode(kick))
        done, silent = replies.read(_kicked)
        return Kicked([identifier for each in done for identifier in each.kicked], [], self._names(silent))

    def _names(self, nodes: Sequence[str]) -> tuple[str, ...]:
        names = {node.id: node.name for node in self._peers.nodes()}
        return tuple(names.get(node, node) for node in nodes)

    def _listed(self, query: ConnectionQuery) -> Listed:
        views, total = self._own.list(query)
        return Listed(views, total, list(self._own.recently_cut(query)) if query.slow else [])

    async def _answer_list(self, body: msgspec.Raw) -> bytes:
        return msgspec.json.encode(self._listed(_query(body)))

    async def _answer_kick(self, body: msgspec.Raw) -> bytes:
        kick = _kick(body)
        if kick.key_id:
            done = self._own.kick_key(kick.key_id, reason=kick.reason)
        elif kick.user_id:
            done = self._own.kick_user(ClientId(kick.client_id), kick.user_id, reason=kick.reason)
        else:
            done = self._own.kick(kick.ids, reason=kick.reason)
        return msgspec.json.encode(done)
