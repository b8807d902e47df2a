"""How many are subscribed, over all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.ids import ClientId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.bus.ports import Peers
    from notifyd.hub.channel import ChannelKey
    from notifyd.hub.hub import Hub

_SUBJECT: Final = "channels.counts"
_keys: Final = msgspec.json.Decoder(list[tuple[str, str]]).decode
_counts: Final = msgspec.json.Decoder(list[int]).decode


class ServiceCrowds:
    """Counts subscribers, wherever they are."""

    def __init__(self, hub: Hub, peers: Peers) -> None:
        self._hub = hub
        self._peers = peers
        peers.answer(_SUBJECT, self._answer)

    async def counts(self, channels: Sequence[ChannelKey]) -> list[int]:
        """Of each channel; without those of nodes that do not answer in time."""
        totals = [self._hub.subscriber_count(*key) for key in channels]
        replies = await self._peers.ask(_SUBJECT, msgspec.json.encode(channels))
        found, _ = replies.read(_counts)
        for counts in found:
            totals = [total + more for total, more in zip(totals, counts, strict=True)]
        return totals

    async def _answer(self, body: msgspec.Raw) -> bytes:
        return msgspec.json.encode([self._hub.subscriber_count(ClientId(client), name) for client, name in _keys(body)])
