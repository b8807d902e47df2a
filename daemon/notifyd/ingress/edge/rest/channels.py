"""The kept publications of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.edge.rest.rows import first_rows, newest_rows
from notifyd.wire.http.answer import Answer
from notifyd.wire.http.sse import parse_event_id
from notifyd.wire.json import encode, json_string

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.service.channels import Channels
    from notifyd.service.receiving.subscribe import Subscriber
    from notifyd.store.history_ports import History


class ChannelEndpoints:
    """The calls on one channel; a key needs the scope to subscribe to it."""

    def __init__(self, channels: Channels, subscriber: Subscriber) -> None:
        self._channels = channels
        self._subscriber = subscriber

    async def history(self, call: Call) -> Answer:
        """The newest publications, or those after a position."""
        channel, principal = call.params["channel"], call.who
        self._subscriber.allow(principal, channel)
        limit = call.limit()
        sent = call.query("since")
        since = None if sent is None else parse_event_id(sent, "since")
        # One more than asked for tells whether there are more.
        history = await self._channels.history(principal.client_id, channel, limit=limit + 1, since=since)
        publications = history.publications
        rows = newest_rows(publications, limit) if since is None else first_rows(publications[:limit])
        recovered = None if since is None else history.recovered
        return Answer(200, _body(channel, history, rows, more=len(rows) < len(publications), recovered=recovered))


def _body(channel: str, history: History, rows: list[bytes], *, more: bool, recovered: bool | None) -> bytes:
    position = history.position
    return (
        b'{"success":true,"channel":%b,"position":{"epoch":%b,"offset":%d},"publications":[%b],"skipped":%d,'
        b'"more":%b,"recovered":%b}'
        % (
            json_string(channel),
            encode(position.epoch),
            position.offset,
            b",".join(rows),
            history.skipped,
            encode(more),
            encode(recovered),
        )
    )
