"""Who acks at this moment: receivers by connection, and the tracks that several of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.service.acks.tracks import ChannelTrack, InboxTrack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notifyd.hub.connection import Connection
    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import ClientId, UserId
    from notifyd.service.acks.receiver import AckReceiver


class AckRegistry:
    """Everything here ends with the connections it is for."""

    def __init__(self) -> None:
        self._receivers: dict[Connection, dict[str, AckReceiver]] = {}
        self._durables: dict[DurableKey, ChannelTrack] = {}
        self._inboxes: dict[tuple[ClientId, UserId], InboxTrack] = {}

    def of(self, connection: Connection) -> Iterable[AckReceiver]:
        """The receivers of a connection."""
        return self._receivers.get(connection, {}).values()

    def receiver(self, connection: Connection, channel: str) -> AckReceiver | None:
        """The one of a channel; "" is the inbox."""
        return self._receivers.get(connection, {}).get(channel)

    def durable(self, key: DurableKey) -> ChannelTrack | None:
        """The track of a durable subscription that somebody uses."""
        return self._durables.get(key)

    def inbox(self, client_id: ClientId, user_id: UserId) -> InboxTrack | None:
        """The track of a user of whom some connection acks the inbox."""
        return self._inboxes.get((client_id, user_id))

    def everyone(self) -> Iterator[AckReceiver]:
        """All receivers."""
        return (receiver for receivers in self._receivers.values() for receiver in receivers.values())

    def take_over(self, state: DurableState) -> None:
        """Another node has changed a durable subscription: connections of this one have to know."""
        track = self._durables.get(state.key)
        if track is not None:
            track.take_over(state)

    def note_uses(self) -> None:
        """The durable subscriptions that somebody has are in use, however quiet."""
        for track in self._durables.values():
            track.note_use()

    def unacked(self) -> int:
        """Deliveries that are open, of all."""
        return sum(len(receiver.window) for receiver in self.everyone())

    def enter(self, receiver: AckReceiver) -> None:
        """It goes live; one of the same connection and channel was closed before."""
        track = receiver.track
        self._receivers.setdefault(receiver.connection, {})[track.whose.channel] = receiver
        receiver.on_close = self._leave
        track.receivers.append(receiver)
        if isinstance(track, ChannelTrack):
            if track.whose.durable:
                before = self._durables.get(track.key)
                self._durables[track.key] = track
                if before is not None and before is not track:
                    for outrun in list(before.receivers):
                        outrun.end()
        elif isinstance(track, InboxTrack):
            self._inboxes[track.whose.client_id, track.whose.user_id] = track

    def _leave(self, receiver: AckReceiver) -> None:
        track, connection = receiver.track, receiver.connection
        receivers = self._receivers.get(connection, {})
        if receivers.get(track.whose.channel) is receiver:
            del receivers[track.whose.channel]
            if not receivers:
                del self._receivers[connection]
        if receiver in track.receivers:
            track.receivers.remove(receiver)
        track.put_down()
        if track.receivers:
            return
        if isinstance(track, ChannelTrack):
            if track.whose.durable and self._durables.get(track.key) is track:
                del self._durables[track.key]
                track.note_use()
        else:
            self._inboxes.pop((track.whose.client_id, track.whose.user_id), None)
