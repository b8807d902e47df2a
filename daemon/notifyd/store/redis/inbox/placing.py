"""Notifications on their way into the inboxes of their users.

One call of a script for each user, all in one flight. Each is done once, however often it is asked for: an inbox knows
by their ids what it keeps. Where a call fails nobody knows which of them were done, and the batch is asked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.store.redis.away import AwayStreams
from notifyd.store.redis.inbox.form import Entry, body_for, placed_in, size_in_inbox
from notifyd.wire.stored import encode_notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId, UserId
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.redis.inbox.bounds import InboxBounds
    from notifyd.store.redis.inbox.form import Placed
    from notifyd.store.redis.inbox.index import InboxIndex
    from notifyd.store.redis.inbox.mirrors import InboxMirrors
    from notifyd.store.redis.inbox.receipts import InboxReceipts
    from notifyd.store.redis.inbox.scripts import UserKey

    #: Where each notification is in the inbox of each user.
    Places = dict[tuple[NotificationId, UserId], StreamPosition]


#: Users until others get their turn.
_TURN: Final = 200


class InboxPlacing:
    """Places, and tells everybody concerned."""

    def __init__(self, mirrors: InboxMirrors, index: InboxIndex, bounds: InboxBounds, receipts: InboxReceipts) -> None:
        self._mirrors = mirrors
        self._scripts = mirrors.scripts
        self._index = index
        self._bounds = bounds
        self._receipts = receipts

    async def place(self, stamped: Sequence[Publication], *, now: int) -> list[Publication]:
        """Place notifications to users, which have their places in their clients' own streams, in this order.

        Answers one publication for each of their users, without those who were removed meanwhile; those of one
        notification together, in the order given.

        Raises:
            StreamsUnavailable: what some users need is away; the clients' own streams are those of their notifications.
            StoreUnavailable: Redis is away. Some may have been placed; the same may be given again.
        """
        if self._mirrors.moves.withholding:
            # one that was given up and put back has its old place until then
            await self._mirrors.moves.tell()
        calls = await self._hand_in(stamped, now)
        away = AwayStreams(self._scripts.line)
        places = await self._answers(calls, away, now)
        away.tell(others=bool(places))
        return [copy for publication in stamped for copy in self._publications(publication, places)]

    async def _hand_in(self, stamped: Sequence[Publication], now: int) -> list[_Call]:
        shares: dict[UserKey, list[int]] = {}
        words = [_Words(publication) for publication in stamped]
        for nth, publication in enumerate(stamped):
            notification = publication.notification
            for user_id in notification.users:
                shares.setdefault((notification.client_id, user_id), []).append(nth)
        calls: list[_Call] = []
        for key, share in shares.items():
            args = [word for nth in share for word in words[nth].of(key[1])]
            calls.append(_Call(key, [stamped[nth] for nth in share], self._scripts.place(key, args, now=now)))
            if not len(calls) % _TURN:
                await trio.lowlevel.checkpoint()
        return calls

    async def _answers(self, calls: Sequence[_Call], away: AwayStreams, now: int) -> Places:
        places: Places = {}
        entered = True
        for number, call in enumerate(calls, 1):
            try:
                placed = placed_in(await call.reply.wait())
            except StoreUnavailable as exc:
                away.note(call.stream, exc)
                continue
            self._placed(call, placed, now)
            entered &= min(placed.offsets) > placed.before.head > 0
            for publication, offset in zip(call.share, placed.offsets, strict=True):
                if offset:
                    places[publication.notification.id, call.key[1]] = StreamPosition(placed.epoch, offset)
            if not number % _TURN:
                await trio.lowlevel.checkpoint()
        try:
            if not entered:
                await self._index.enter()
            if self._bounds.exceeded():
                await self._bounds.enforce(now=now)
        except StoreUnavailable as exc:
            for call in calls:
                away.note(call.stream, exc)
        return places

    def _placed(self, call: _Call, placed: Placed, now: int) -> None:
        """Tell everybody of one inbox."""
        key = client_id, user_id = call.key
        self._mirrors.mirrors.news.found(client_id, "", user_id, placed.nodes)
        # where it was placed before, nobody may have heard the answer
        self._index.changed(key, placed.before, placed.after)
        if placed.left:
            self._bounds.tell_left(key, placed.epoch, placed.left, now=now)
        mirror = self._mirrors.find(key)
        if mirror is not None and placed.after.head > placed.before.head:
            connections = sum(map(int, placed.nodes[1::2]))
            fresh = [
                (offset, Entry(now, connections, each.epoch, each.offset, msgspec.Raw()), each)
                for each, offset in zip(call.share, placed.offsets, strict=True)
                if offset > placed.before.head
            ]
            mirror.extend(placed.epoch, fresh, placed.after.floor)

    def _publications(self, stamp: Publication, places: Places) -> list[Publication]:
        notification = stamp.notification
        found = [
            (user_id, place)
            for user_id in notification.users
            if (place := places.get((notification.id, user_id))) is not None
        ]
        self._receipts.placed(notification, found)
        return [Publication(notification, stamp.epoch, stamp.offset, user_id, place) for user_id, place in found]


class _Call(NamedTuple):
    """What one inbox is asked for."""

    key: UserKey
    share: Sequence[Publication]
    reply: Reply

    @property
    def stream(self) -> StreamKey:
        """The one that all of them have their places in."""
        notification = self.share[0].notification
        return notification.client_id, notification.stream


class _Words:
    """What a script is told of one notification: the same for each user, unless they are many."""

    __slots__ = ("_body", "_publication")

    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self._body: bytes | None = None

    def of(self, user_id: UserId) -> tuple[Word, ...]:
        stamp = self._publication
        notification = stamp.notification
        body = body_for(notification, user_id)
        if body is None:
            body = self._body = self._body or encode_notification(notification)
        size = size_in_inbox(notification)
        return (notification.id, size, notification.expires_at, stamp.epoch, stamp.offset, body)
