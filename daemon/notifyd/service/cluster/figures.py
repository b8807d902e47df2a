"""The figures of the whole service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.service.cluster.summing import summed
from notifyd.service.stats import StatsSnapshot

if TYPE_CHECKING:
    from notifyd.bus.ports import Peers
    from notifyd.service.stats import Stats

_SUBJECT: Final = "stats"
_decode: Final = msgspec.json.Decoder(StatsSnapshot).decode


class ServiceFigures:
    """Asks every node."""

    def __init__(self, own: Stats, peers: Peers) -> None:
        self._own = own
        self._peers = peers
        peers.answer(_SUBJECT, self._answer)

    @property
    def uptime_seconds(self) -> float:
        """Since this node's start."""
        return self._own.uptime_seconds

    async def fresh(self) -> StatsSnapshot:
        """Everything at this moment, over all nodes; `missing_nodes` of them did not answer in time."""
        replies = await self._peers.ask(_SUBJECT, b"null")
        others, missing = replies.read(_decode)
        found = summed(await self._own.fresh(), others)
        return msgspec.structs.replace(found, missing_nodes=len(missing)) if missing else found

    def snapshot(self) -> StatsSnapshot:
        """This node alone; see `Stats.snapshot`."""
        return self._own.snapshot()

    async def _answer(self, _body: msgspec.Raw) -> bytes:
        # the asker looks at the broker itself
        return msgspec.json.encode(self._own.snapshot())
