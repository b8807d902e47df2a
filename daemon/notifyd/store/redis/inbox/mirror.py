"""One inbox in this node's memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import DecodeError

from notifyd.model.notification import Kind
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState
from notifyd.model.restarted import Restarted
from notifyd.store.memory.channel import withheld
from notifyd.store.memory.user_inbox import InboxItem, UserInbox
from notifyd.store.redis.inbox.form import Entry, decode_news, page_in
from notifyd.store.redis.mirrors.gone import gone
from notifyd.store.redis.mirrors.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.store.redis.inbox.form import Page
    from notifyd.store.redis.inbox.mirrors import InboxMirrors

log = structlog.get_logger("notifyd.store")

#: The words of `ends`; what is withheld is another thing, see `UserInbox`.
_ENDS: Final = {state.value: state for state in InboxState}
_WITHHELD: Final = "withheld"
#: So many times may a user be removed while the inbox is being read.
_DROPPED: Final = 8
_GONE: Final = Publication(gone(Kind.USERS), "", 0)


class InboxMirror(Mirror):
    """What is kept for one user. Everything that it gets is news, but for what the first look finds."""

    def __init__(self, inboxes: InboxMirrors, key: tuple[ClientId, UserId]) -> None:
        super().__init__(inboxes.mirrors, inboxes.scripts.tag(key), inboxes.scripts.keys(key).topic)
        self.inbox = UserInbox(0, key, epoch="", generation=0)
        self._inboxes = inboxes
        #: Epochs that this node has dropped since it began to read.
        self._dropped: deque[str] = deque(maxlen=_DROPPED)

    def apply(self, message: bytes) -> bool:
        """See `Mirror.apply`."""
        news = decode_news(message)
        if news is None:
            return True
        first = news.head - len(news.entries) + 1
        if news.epoch != self.inbox.epoch or first > self.inbox.head + 1:
            return False
        self._take_in(enumerate(news.entries, first))
        self._stand(news.floor, news.cursor, news.ends)
        return True

    def extend(self, epoch: str, placed: Sequence[tuple[int, Entry, Publication]], floor: int) -> None:
        """Take in what this node has just placed, where nothing before it is missing."""
        if not self.ready or self._mirrors.news.full() or epoch != self.inbox.epoch:
            return
        for offset, entry, publication in placed:
            if offset == self.inbox.head + 1:
                self._keep(offset, entry, publication)
        self._stand(floor, 0, ())

    def dropped_for(self, before: str, epoch: str) -> None:
        """This node has dropped the one of the epoch *before*; that of the other *epoch* followed it, and others may
        have followed that one since."""
        self._dropped.append(before)
        if before == self.inbox.epoch:
            self._restart(epoch)

    def withhold(self, notification_id: NotificationId) -> None:
        """Leave this one out of every read."""
        item = self.inbox.find(notification_id)
        if item is not None:
            item.publication = withheld(item.publication)

    async def fetch(self) -> None:
        """See `Mirror.fetch`."""
        while True:
            if self.ready:
                await self._mirrors.news.room()
            known = self.inbox
            self._dropped.clear()
            reply = self._inboxes.scripts.read(known.key, epoch=known.epoch, after=known.head)
            page = page_in(await reply.wait())
            if self.stopped():
                return
            if page.epoch in self._dropped:
                continue  # after it was read
            if page.epoch != self.inbox.epoch or page.floor > self.inbox.head:
                self._begin_anew(page)
            self._take_in(page.entries)
            if self.inbox.head >= page.head or not page.entries:
                self._fill_up_to(page.head)
                # what this node knew before it let go of the mirror may not be told yet
                untold = self._inboxes.moves.cursor(self.inbox.key, page.epoch)
                self._stand(page.floor, max(page.cursor, untold), page.ends)
                return

    def dropped(self) -> None:
        """See `Mirror.dropped`."""
        self._inboxes.close(self.inbox.key)

    def _restart(self, epoch: str) -> None:
        """It is another inbox now, with nothing in it yet."""
        if self.ready and epoch != self.inbox.epoch:
            client_id, user_id = self.inbox.key
            self._mirrors.news.add_restarted(Restarted(client_id, user_id=user_id))
            self.inbox = UserInbox(0, self.inbox.key, epoch=epoch, generation=0)

    def _begin_anew(self, page: Page) -> None:
        """It is another inbox, or so much has left it that nothing of what is known here is in it any more."""
        if self.ready:
            self._restart(page.epoch)
        elif page.epoch != self.inbox.epoch:
            key = self.inbox.key
            self.inbox = UserInbox(0, key, epoch=page.epoch, generation=0)
        while self.inbox.items:
            self.inbox.evict()
        self.inbox.head = page.floor

    def _take_in(self, entries: Iterable[tuple[int, Entry]]) -> None:
        for offset, entry in entries:
            if offset > self.inbox.head:
                self._fill_up_to(offset - 1)
                try:
                    publication = entry.publication()
                except DecodeError:
                    # a later version of the daemon placed it: its place is spent
                    log.warning("publication_not_understood", client_id=self.inbox.key[0])
                    self._fill_up_to(offset)
                else:
                    self._keep(offset, entry, publication)

    def _fill_up_to(self, offset: int) -> None:
        """What is missing up to there has its places, and is for nobody."""
        while self.inbox.head < offset:
            self.inbox.keep(InboxItem(self.inbox, self.inbox.head + 1, 0, 0, _GONE, 0))

    def _keep(self, offset: int, entry: Entry, publication: Publication) -> None:
        item = InboxItem(self.inbox, offset, 0, 0, publication, entry.placed_at, connections=entry.connections)
        self.inbox.keep(item)
        if self.ready and item.alive(self._inboxes.clock()):
            self._mirrors.news.add(item.copy(), item.size())

    def _stand(self, floor: int, cursor: int, ends: Iterable[tuple[int, str]]) -> None:
        """Have it as it is in Redis, but for what this node has yet to tell."""
        inbox = self.inbox
        while inbox.items and inbox.floor() < floor:
            inbox.evict()
        if cursor > inbox.cursor:
            inbox.cursor = min(cursor, inbox.head)
        for offset, word in ends:
            item = inbox.item(offset)
            if item is None:
                continue
            if word == _WITHHELD:
                item.publication = withheld(item.publication)
            elif item.ended is not InboxState.DELIVERED:
                # what has arrived stays so, whoever tells late that it was given up before
                item.ended = _ENDS.get(word)
