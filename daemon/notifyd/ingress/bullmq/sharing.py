"""Which services take jobs from one queue: each tells it in a hash beside the queue, where the others see it.

Two services on one queue take each other's jobs, and fail those of clients that they do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from notifyd.ingress.bullmq.options import BullmqOptions

#: A service that was silent for so many times its interval takes no jobs any more.
_SILENT: Final = 3
#: So long after the last of them the hash is forgotten.
_KEPT_MS: Final = 3_600_000


class Sharing:
    """All raise one of `REDIS_AWAY` while it is away."""

    def __init__(self, client: Any, options: BullmqOptions, *, seconds: float) -> None:
        """*seconds*: how often each service tells that it is there."""
        self._client = client
        self._service = options.service
        self._silent_ms = round(_SILENT * seconds * 1000)
        # no job is kept there: BullMQ allows no colon in their ids
        self._key = f"{options.prefix}:{options.queue}:notifyd:services"

    async def tell(self, now: int) -> tuple[str, ...]:
        """Tell that this service takes jobs; which others do, as far as they have told it lately."""
        await self._client.hset(self._key, self._service, now)
        await self._client.pexpire(self._key, _KEPT_MS)
        told = await self._client.hgetall(self._key)
        others = [service for service, at in told.items() if service != self._service and self._lately(at, now)]
        return tuple(sorted(others))

    async def leave(self) -> None:
        """This daemon takes no more; others of its service tell it again."""
        await self._client.hdel(self._key, self._service)

    def _lately(self, at: str, now: int) -> bool:
        return at.isascii() and at.isdigit() and int(at) > now - self._silent_ms
