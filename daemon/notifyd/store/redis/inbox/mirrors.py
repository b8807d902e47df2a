"""The inboxes that this node has at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import StoreUnavailable
from notifyd.store.redis.inbox.mirror import InboxMirror

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.store.memory.user_inbox import UserInbox
    from notifyd.store.redis.inbox.moves import InboxMoves
    from notifyd.store.redis.inbox.scripts import InboxScripts, UserKey
    from notifyd.store.redis.mirrors.mirror import Mirrors


class InboxMirrors:
    """Mirrors by client and user. What they hold is bounded as what Redis holds is."""

    def __init__(self, mirrors: Mirrors, scripts: InboxScripts, moves: InboxMoves, *, clock: Callable[[], int]) -> None:
        self.mirrors = mirrors
        self.scripts = scripts
        self.moves = moves
        self.clock = clock
        self._known: dict[UserKey, InboxMirror] = {}

    def find(self, key: UserKey) -> InboxMirror | None:
        """The mirror of a user, which may not be ready."""
        return self._known.get(key)

    def open(self, key: UserKey) -> InboxMirror:
        """The mirror of a user, which begins to follow the inbox where there is none."""
        mirror = self._known.get(key)
        if mirror is None:
            mirror = self._known[key] = InboxMirror(self, key)
            self.mirrors.want(mirror)
        return mirror

    def read(self, key: UserKey) -> UserInbox:
        """What is kept for a user.

        Raises:
            StoreUnavailable: nobody attends it.
        """
        mirror = self._known.get(key)
        if mirror is None or not mirror.ready:
            raise StoreUnavailable("not at hand: the inbox of this user has to be fetched first", retry_after_seconds=1)
        mirror.used_at = trio.current_time()
        return mirror.inbox

    def settled(self, key: UserKey, epoch: str, offset: int) -> bool:
        """Whether this node knows that one has arrived or ended, also where Redis has yet to hear of it."""
        if self.moves.settled(key, epoch, offset):
            return True
        mirror = self._known.get(key)
        if mirror is None or mirror.inbox.epoch != epoch:
            return False
        item = mirror.inbox.item(offset)
        return offset <= mirror.inbox.cursor or (item is not None and item.ended is not None)

    def close(self, key: UserKey) -> None:
        """It was let go of."""
        self._known.pop(key, None)
