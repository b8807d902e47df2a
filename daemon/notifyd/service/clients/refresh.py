"""Keys and clients that other daemons have changed: found by looking, every now and then and when one says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable, store_busy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.model.ids import ClientId
    from notifyd.service.access.key_following import KeyFollower
    from notifyd.service.access.keys import Keys
    from notifyd.service.clients.clients import Clients
    from notifyd.store.record_ports import Records

log = structlog.get_logger("notifyd.records")

#: For so long after a change was noticed it is looked for again each time: where its author died in the middle of it,
#: it may come behind its number, by as much as a call may take.
_SETTLING_SECONDS: Final = 6.0


class Refresher:
    """Lets what is known in memory follow the store, and does to connections what a change made here would do.

    While it reads the store and puts in force what it has read, no change can be made here: no read that is older than
    a change undoes it.
    """

    def __init__(
        self,
        records: Records,
        keys: Keys,
        clients: Clients,
        follower: KeyFollower,
        removed: Callable[[ClientId], Awaitable[None]],
        *,
        seconds: float,
    ) -> None:
        """*removed* is told of each client that is gone; `run` looks every *seconds*."""
        self._records = records
        self._keys = keys
        self._clients = clients
        self._follower = follower
        self._removed = removed
        self.seconds = seconds
        self._looking = trio.Lock()
        #: How many looks were asked for, and how many of them are answered.
        self._asked = 0
        self._answered = 0
        #: The revision that is in force.
        self._seen: int | None = None
        self._settles_at = 0.0
        #: The next look reads the store whatever the revision says.
        self._anew = False
        self._told = trio.Event()

    async def run(self) -> None:
        """Look every now and then, and when told to, until cancelled."""
        while True:
            with trio.move_on_after(self.seconds):
                await self._told.wait()
            self._told = trio.Event()
            await self.look()

    def look_soon(self) -> None:
        """Have `run` look: another daemon says that it has changed something."""
        self._told.set()

    async def look(self) -> bool:
        """`catch_up` for who does not mind a store that is away; answers whether it could be asked."""
        try:
            await self.catch_up()
        except StoreUnavailable as exc:
            log.debug("records_not_refreshed", problem=exc.message)
            return False
        return True

    async def catch_up(self, *, anew: bool = False) -> None:
        """Find out whether something has changed, and put it in force.

        What others kept before this is called is in force when it returns, and with *anew* what was put into the store
        here, past the services. Calls that wait share one look.

        Raises:
            StoreUnavailable: the store cannot be asked.
        """
        self._anew = self._anew or anew
        self._asked += 1
        mine = self._asked
        async with self._looking:
            if self._answered < mine:
                asked = self._asked
                await self._follow()
                self._answered = asked

    async def _follow(self) -> None:
        if self._records.failing_since() is not None:
            # somebody else finds out when they are back: nobody waits for a deadline meanwhile
            raise store_busy("the records are away: try again when they are back")
        revision = await self._records.revision()
        now = trio.current_time()
        if revision == self._seen and now >= self._settles_at and not self._anew:
            return
        self._anew = False
        try:
            gone = await self._reload()
        except StoreUnavailable:
            self._anew = True
            raise
        if revision != self._seen:
            self._seen, self._settles_at = revision, now + _SETTLING_SECONDS
        for client_id in gone:
            log.info("client_gone", client_id=client_id)
            await self._removed(client_id)

    async def _reload(self) -> list[ClientId]:
        async with self._clients.changing, self._keys.changing:
            # In this order: a client that comes meanwhile brings keys that the next look finds. The other way round
            # the keys of a client that goes meanwhile would stay.
            keys = await self._records.keys.load()
            clients = await self._records.clients.load()
            gone = self._clients.follow(clients)
            await self._follower.follow(keys)
            return gone
