"""Socket.IO as a stock client speaks it, its connection state recovery included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyctl.exits import Refusal, Status, status_of
from notifyctl.listening.acking import remember
from notifyctl.listening.link import Dropped
from notifyctl.listening.places import subscribed_note
from notifyctl.listening.subscribing import packets
from notifyctl.listening.subscribing.packets import Packet
from notifyctl.showing import convert
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.listening.link import Link
    from notifyctl.listening.places import Places
    from notifyctl.listening.subscribing.desk import Desk
    from notifyctl.showing.output import Record

_DENIED: Final = range(4000, 5000)
#: What stands for the beats until the server has said them.
_FIRST_SECONDS: Final = 60.0


class SocketIo:
    """A `Conversation` in one namespace, as the user whose token it is."""

    def __init__(self, url: str, namespace: str, auth: Record, places: Places, *, note: Callable[[str], None]) -> None:
        """*url* is that of the transport, *auth* what a CONNECT brings."""
        self.url = url
        self._namespace = namespace
        self._auth = auth
        self._places = places
        self._note = note
        #: What recovery needs: who we were, and the place of what came last.
        self._pid = ""
        self._place = ""
        #: Those without a position that came already; what is not recovered may bring them again.
        self._recent: dict[str, None] = {}
        self._asked: dict[int, str] = {}
        self._acking: dict[int, list[str]] = {}
        self._number = 0
        self._silence_seconds = _FIRST_SECONDS

    async def enter(self, link: Link) -> None:
        """See `Conversation`."""
        self._asked, self._acking, self._number = {}, {}, 0
        self._silence_seconds = _FIRST_SECONDS
        message = await self._heard(link)
        if message[:1] != packets.OPEN:
            raise Refusal(
                f"{self.url} does not speak Socket.IO; for plain WebSocket --url begins with ws://.", code="not_notifyd"
            )
        opening = convert.parsed(message[1:])
        self._silence_seconds = (opening["pingInterval"] + opening["pingTimeout"]) / 1000
        await link.say(packets.encoded(Packet(packets.CONNECT, self._namespace, None, self._credentials())))
        while not self._let_in(await self._packet(link)):
            pass
        await self._subscribe(link)

    def _credentials(self) -> Record:
        wish: Record = {"ack": True} if self._places.ack else {}
        if wish and self._places.at_once:
            wish["maxUnacked"] = self._places.at_once
        state = {"pid": self._pid, **({"offset": self._place} if self._place else {})} if self._pid else {}
        return {**self._auth, **wish, **state}

    def _let_in(self, packet: Packet | None) -> bool:
        if packet is None:
            return False
        if packet.type == packets.CONNECT_ERROR:
            problem = packet.data.get("data") or {}
            code = str(problem.get("code", ""))
            raise Refusal(str(packet.data.get("message", code)), status_of(code), code=code or "denied")
        if packet.type != packets.CONNECT:
            return False
        pid = str(packet.data.get("pid", ""))
        if self._pid and pid != self._pid:
            self._place = ""
            self._note(
                f"{self._namespace}: recovered is false: the state asked for is not kept any more; going on from what "
                "is undelivered in the inbox."
            )
        self._pid = pid
        return True

    async def _subscribe(self, link: Link) -> None:
        for channel in self._places.channels:
            wish: Record = {"channel": channel}
            since = self._places.asked(channel)
            if since is not None:
                wish["since"] = {"epoch": since.epoch, "offset": since.offset}
            if self._places.ack:
                wish["ack"] = True
                wish |= {"maxUnacked": self._places.at_once} if self._places.at_once else {}
            if self._places.durable:
                wish["durable"] = self._places.durable
            self._asked[await self._emit(link, "subscribe", wish)] = channel

    async def hear(self, link: Link, desk: Desk) -> None:
        """See `Conversation`."""
        packet = await self._packet(link)
        if packet is None:
            return
        if packet.type == packets.DISCONNECT:
            raise Dropped("The daemon ended the namespace")
        if packet.type == packets.ACK and packet.number is not None:
            self._answered(packet.number, packet.data, desk)
        elif packet.type == packets.EVENT:
            name, *arguments = packet.data
            if name == "notification":
                await self._take(link, packet.number, arguments, desk)
            elif name == "exception":
                _refuse(arguments[0])

    async def _take(self, link: Link, number: int | None, arguments: list[Any], desk: Desk) -> None:
        publication = packets.publication(arguments[0])
        place = arguments[-1] if len(arguments) > 1 and isinstance(arguments[-1], str) else ""
        unplaced = publication["epoch"] is None and number is None
        if not (unplaced and publication["id"] in self._recent):
            await desk.take(link, publication, asks=number is not None)
            if unplaced:
                remember(self._recent, publication["id"])
        self._place = place or self._place

    def _answered(self, number: int, data: Any, desk: Desk) -> None:
        answer = data[0] if data else {}
        channel, ids = self._asked.pop(number, None), self._acking.pop(number, None)
        if channel is not None and not answer.get("success"):
            _refuse(answer["error"])
        elif channel is not None:
            place = StreamPosition(epoch=answer["position"]["epoch"], offset=answer["position"]["offset"])
            recovered, skipped = answer.get("recovered"), answer.get("skipped", 0)
            if note := subscribed_note(channel, place, recovered=recovered, skipped=skipped):
                self._note(note)
            self._places.subscribed(channel, place, replayed=answer.get("replayed", 0))
        elif ids is not None and answer.get("success"):
            desk.acked(ids)

    async def ack(self, link: Link, ids: list[str]) -> None:
        """See `Acknowledging`."""
        self._acking[await self._emit(link, "ack", {"ids": ids})] = ids

    async def nack(self, link: Link, publication_id: str, reason: str) -> None:
        """See `Acknowledging`."""
        await self._emit(link, "nack", {"ids": [publication_id], "reason": reason})

    async def _emit(self, link: Link, event: str, argument: Record) -> int:
        self._number += 1
        number = self._number
        await link.say(packets.encoded(Packet(packets.EVENT, self._namespace, number, [event, argument])))
        return number

    async def _packet(self, link: Link) -> Packet | None:
        """The next packet of our namespace; None for anything else, beats included."""
        message = await self._heard(link)
        kind = message[:1]
        if kind == packets.PING:
            await link.say(packets.PONG + message[1:])
        elif kind == packets.CLOSE:
            raise Dropped("The daemon closed the connection")
        if kind != packets.MESSAGE:
            return None
        packet = packets.decoded(message[1:])
        return packet if packet.namespace == self._namespace else None

    async def _heard(self, link: Link) -> str:
        """The next message; a server that says not even its beats is gone."""
        with trio.move_on_after(self._silence_seconds):
            return await link.hear()
        raise Dropped(f"The link is dead: nothing came for {self._silence_seconds:g} s")


def _refuse(problem: Record) -> None:
    """What an `exception` or a refused subscribe means: a number is a close code that says not to come back."""
    code = problem.get("code", "")
    said = str(problem.get("message") or problem.get("reason") or json.dumps(problem))
    if isinstance(code, int):
        status = Status.DENIED if code in _DENIED else Status.FAILED
        raise Refusal(f"The daemon ended the connection: {code} {said}.", status, code=f"closed_{code}")
    raise Refusal(said, status_of(str(code)), code=str(code))
