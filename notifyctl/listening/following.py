"""`listen` over the admin socket: a stream that is taken up again where it broke off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from notifyctl.daemons.calling import Daemon, refusals
from notifyctl.exits import Refusal, Status
from notifyctl.listening.places import Places, Reconnecting, subscribed_note
from notifyctl.showing import convert
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from notifyctl.listening.acking import Acker
    from notifyctl.retrying.deadline import Deadline
    from notifyctl.showing.output import Record

#: Once the daemon has been there, these pass by themselves: a restart, or a limit that another listener reached.
_PASSING: Final = (Status.UNREACHABLE, Status.RATE_LIMITED)


class Follower:
    """Publications of channels of one client, and of a user's inbox, without a gap as far as the history reaches."""

    def __init__(
        self,
        daemon: Daemon,
        places: Places,
        *,
        client_id: str,
        broadcasts: bool,
        note: Callable[[str], None],
        acker: Acker | None = None,
    ) -> None:
        self._daemon = daemon
        self._places = places
        self._client_id = client_id
        self._broadcasts = broadcasts
        self._note = note
        self._acker = acker
        self._reconnecting = Reconnecting(note)
        self._stopped = False

    def stop(self) -> None:
        """Have `publications` end without another word; from whatever thread."""
        self._stopped = True
        self._daemon.close()

    def publications(self, deadline: Deadline) -> Generator[Record, None, None]:
        """Every publication until *deadline*; whoever is done with one tells `Places.done`.

        Raises:
            Refusal: the daemon refused to let us listen, or is not there at the first attempt.
        """
        while not deadline.over():
            try:
                yield from self._once(deadline)
                reason = "The daemon ended the stream"
            except Refusal as refusal:
                if self._stopped or (refusal.status is Status.TIMED_OUT and deadline.over()):
                    return
                if not (self._reconnecting.been_there and refusal.status in _PASSING):
                    raise
                reason = refusal.message
            self._daemon.close()
            time.sleep(deadline.clip(self._reconnecting.dropped(reason)))

    def _once(self, deadline: Deadline) -> Iterator[Record]:
        call = self._daemon.stream("Listen", self._request(), timeout_seconds=deadline.left())
        try:
            with refusals():
                for event in call:
                    self._reconnecting.returned()
                    if event.HasField("publication"):
                        publication = convert.record(event.publication)
                        if not self._known(publication):
                            self._places.taken(publication)
                            yield publication
                    else:
                        self._subscribed(event.subscribed)
        finally:
            call.cancel()

    def _known(self, publication: Record) -> bool:
        seen = self._places.seen(publication)
        return seen if self._acker is None else self._acker.again(publication, seen=seen)

    def _request(self) -> pb.ListenRequest:
        wanted = [pb.ChannelSince(channel=name, since=self._since(name)) for name in self._places.channels]
        return pb.ListenRequest(
            client_id=self._client_id,
            channels=wanted,
            broadcasts=self._broadcasts,
            user_id=self._places.user,
            ack=self._places.ack,
            durable=self._places.durable,
            ack_inbox=self._places.ack and bool(self._places.user),
            max_unacked=self._places.at_once,
        )

    def _since(self, channel: str) -> StreamPosition | None:
        if channel in self._places.reached or self._places.since != "beginning":
            return self._places.asked(channel)
        try:
            known = self._daemon.call("GetChannel", pb.GetChannelRequest(client_id=self._client_id, channel=channel))
        except Refusal as refusal:
            if refusal.status is not Status.NOT_FOUND:
                raise
            return None
        return StreamPosition(epoch=known.position.epoch, offset=known.position.offset - known.publications)

    def _subscribed(self, answer: pb.Subscribed) -> None:
        if self._acker is not None and answer.connection_id:
            self._acker.connected(answer.connection_id)
        recovered = answer.recovered if answer.HasField("recovered") else None
        name = self._places.name(answer.channel)
        note = subscribed_note(name, answer.position, recovered=recovered, skipped=answer.skipped)
        if note:
            self._note(note)
        self._places.subscribed(answer.channel, answer.position, replayed=answer.replayed)
