"""What is kept of channels, and who is subscribed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import NotFound
from notifyd.policy.naming.channels import MAX_CHANNEL_LENGTH, check_channel
from notifyd.service.receiving.attending import at_hand
from notifyd.store.history_ports import ChannelInfo, History, HistoryStore

if TYPE_CHECKING:
    from notifyd.hub.hub import Hub
    from notifyd.model.ids import ClientId
    from notifyd.model.position import StreamPosition
    from notifyd.service.cluster.crowds import ServiceCrowds


class ChannelView(msgspec.Struct, frozen=True):
    """One channel: its history and its subscribers."""

    info: ChannelInfo
    subscriber_count: int


class Channels:
    """Read-only views."""

    def __init__(
        self, hub: Hub, history: HistoryStore, crowds: ServiceCrowds, *, max_channel_length: int = MAX_CHANNEL_LENGTH
    ) -> None:
        self._hub = hub
        self._crowds = crowds
        self._history = history
        self._max_length = max_channel_length

    async def list(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[ChannelView]:
        """Channels that have a history or subscribers, by name.

        Raises:
            StoreUnavailable: the broker is away.
        """
        kept = await self._history.channels(client_id, prefix=prefix, limit=limit)
        infos = {(info.channel, info.client_id): info for info in kept}
        occupied = {
            (channel, owner): (owner, channel)
            for (owner, channel), _ in self._hub.occupied()
            if (client_id is None or owner == client_id) and channel.startswith(prefix)
        }
        names = sorted(infos.keys() | occupied.keys())[:limit]
        bare = [occupied[name] for name in names if name not in infos]
        for key, position in zip(bare, await self._history.positions(bare), strict=True):
            infos[key[1], key[0]] = ChannelInfo(*key, position, 0, 0, 0)
        counts = await self._crowds.counts([(owner, channel) for channel, owner in names])
        return [ChannelView(infos[name], count) for name, count in zip(names, counts, strict=True)]

    async def get(self, client_id: ClientId, channel: str) -> ChannelView:
        """One channel that has a history or subscribers.

        Raises:
            Invalid: *channel* cannot name a channel.
            NotFound: nobody has used it, as far as is still known.
        """
        check_channel(channel, max_length=self._max_length)
        found = await self._history.channels(client_id, prefix=channel, limit=1)
        exact = next((info for info in found if info.channel == channel), None)
        if exact is None:
            (position,) = await self._history.positions([(client_id, channel)])
        (count,) = await self._crowds.counts([(client_id, channel)])
        view = ChannelView(exact or ChannelInfo(client_id, channel, position, 0, 0, 0), count)
        if exact is None and not view.subscriber_count:
            raise NotFound(f"nobody has used the channel {channel!r}", code="channel_not_found")
        return view

    async def history(
        self, client_id: ClientId, channel: str, *, limit: int, since: StreamPosition | None = None
    ) -> History:
        """The newest *limit* publications, or with *since* the first *limit* after it.

        Raises:
            Invalid: *channel* cannot name a channel.
            StoreUnavailable: the broker is away.
        """
        check_channel(channel, max_length=self._max_length)
        await at_hand(self._history.attend(client_id, channel))
        if since is None:
            return self._history.latest(client_id, channel, limit=limit, now=now_ms())
        found = self._history.since(client_id, channel, since, now=now_ms())
        return msgspec.structs.replace(found, publications=found.publications[:limit])
