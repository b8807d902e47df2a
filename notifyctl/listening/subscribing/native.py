"""The plain JSON protocol over WebSocket, as subscribers speak it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from notifyctl.exits import Refusal, status_of
from notifyctl.listening.acking import acks
from notifyctl.listening.places import subscribed_note
from notifyctl.showing import convert
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.listening.link import Link
    from notifyctl.listening.places import Places
    from notifyctl.listening.subscribing.desk import Desk
    from notifyctl.showing.output import Record


class Native:
    """A `Conversation`.

    The credential is `{"apiKey": ...}`, or `{"token": ...}` of a user, whose inbox comes too.
    """

    def __init__(self, url: str, credential: Record, places: Places, *, note: Callable[[str], None]) -> None:
        self.url = url
        self._credential = credential
        self._places = places
        self._note = note

    async def enter(self, link: Link) -> None:
        """See `Conversation`."""
        await _say(link, {"type": "authenticate", **self._credential, **self._inbox_wish()})
        while (answer := _parsed(await link.hear())).get("type") != "authenticated":
            _refuse_error(answer)
        if "position" in answer:
            self._places.user = str(answer.get("userId", ""))
            # without a position of ours it is not told how much is replayed
            self._standing("", {"replayed": 1, **answer})
        await self._subscribe(link)

    def _inbox_wish(self) -> Record:
        return {**_since(self._places.inbox), **(self._ack_wish() if "token" in self._credential else {})}

    def _ack_wish(self) -> Record:
        wish: Record = {"ack": True} if self._places.ack else {}
        if wish and self._places.at_once:
            wish["maxUnacked"] = self._places.at_once
        return wish

    async def _subscribe(self, link: Link) -> None:
        wish = self._ack_wish()
        if self._places.durable:
            wish["durable"] = self._places.durable
        for channel in self._places.channels:
            since = _since(self._places.asked(channel))
            await _say(link, {"type": "subscribe", "channel": channel, "requestId": channel, **since, **wish})

    async def hear(self, link: Link, desk: Desk) -> None:
        """See `Conversation`."""
        content = _parsed(await link.hear())
        match content.get("type"):
            case "notification":
                publication = _publication(content["notification"], self._places.user)
                await desk.take(link, publication, asks=self._places.ack and acks(publication))
            case "subscribed":
                self._standing(content["channel"], content)
            case "acked":
                desk.acked(content.get("ids", ()))
            case _:
                _refuse_error(content)

    async def ack(self, link: Link, ids: list[str]) -> None:
        """See `Acknowledging`."""
        await _say(link, {"type": "ack", "ids": ids})

    async def nack(self, link: Link, publication_id: str, reason: str) -> None:
        """See `Acknowledging`."""
        await _say(link, {"type": "nack", "ids": [publication_id], "reason": reason})

    def _standing(self, channel: str, answer: Record) -> None:
        """The daemon told where *channel* (empty: the inbox) stands."""
        position = StreamPosition(epoch=answer["position"]["epoch"], offset=answer["position"]["offset"])
        name = self._places.name(channel)
        note = subscribed_note(name, position, recovered=answer.get("recovered"), skipped=answer.get("skipped", 0))
        if note:
            self._note(note)
        self._places.subscribed(channel, position, replayed=answer.get("replayed", 0))


async def _say(link: Link, message: Record) -> None:
    await link.say(json.dumps(message, ensure_ascii=False))


def _parsed(message: str) -> Record:
    content = convert.parsed(message)
    return content if isinstance(content, dict) else {}


def _since(place: StreamPosition | None) -> Record:
    return {} if place is None else {"since": {"epoch": place.epoch, "offset": place.offset}}


def _publication(notification: Record, user: str) -> Record:
    """A publication with all its fields, as the admin socket tells them."""
    names = ("id", "channel", "data", "metadata", "priority", "timestamp", "epoch", "offset")
    made = {name: notification.get(name) for name in names}
    from_inbox = made["channel"] is None and made["epoch"] is not None
    return {**made, "userId": user if from_inbox else None, "attempt": notification.get("attempt", 1)}


def _refuse_error(answer: Record) -> None:
    if answer.get("type") == "error":
        code = str(answer.get("code", ""))
        raise Refusal(str(answer.get("message", code)), status_of(code), code=code)
