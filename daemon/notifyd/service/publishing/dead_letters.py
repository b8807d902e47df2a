"""What was given up, and what an operator does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotFound, NotifydError
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import ClientId, DeadLetterId, NotificationId
from notifyd.model.notification import Notification
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.publish import MAX_LIFE_MS
from notifyd.policy.publishing.requeueing import notification_again
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.ports import Pending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from notifyd.service.publishing.publish import Publisher
    from notifyd.store.delivery_ports import DeadLetterStore, ReceiptStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.dead_letters")

#: Dead letters that one retry or drop takes at most; who has more asks again.
MAX_AT_ONCE: Final = 10_000
#: Put back together, in one commit.
_PAGE: Final = 100
#: Those of one notification that a refusal names.
_NAMED: Final = 10


class Redeliverer(Protocol):
    """Hands a delivery to a subscription with acks once more; a part of `Acks`."""

    async def redeliver(self, letter: DeadLetter) -> None:
        """Hand it to that subscription again.

        Raises:
            Conflict: the subscription is gone.
            StoreUnavailable: the broker is away.
        """
        ...


class ShownLetter(msgspec.Struct, frozen=True):
    """One dead letter, and what happened to its notification."""

    letter: DeadLetter
    timeline: tuple[TimelineEvent, ...]


class Retried(msgspec.Struct, frozen=True):
    """What became of one retry."""

    id: DeadLetterId
    #: The notification that it goes on as.
    notification_id: NotificationId = NotificationId("")
    #: Why it could not be put back: it stays a dead letter.
    refused: NotifydError | None = None


class Dropped(msgspec.Struct, frozen=True):
    """What a drop did."""

    dropped: list[DeadLetterId]
    not_found: list[DeadLetterId]


class _Begun(msgspec.Struct, frozen=True):
    """A retry under way; without *pending* its letter is still to be removed."""

    notification: Notification
    pending: Pending | None


class DeadLetters:
    """Lists, shows, puts back, drops. A client of None stands for an operator, who sees all.

    Every call raises StoreUnavailable where the broker is away.
    """

    def __init__(
        self,
        store: DeadLetterStore,
        receipts: ReceiptStore,
        publisher: Publisher,
        redeliverer: Redeliverer,
        counters: Counters,
    ) -> None:
        self._store = store
        self._receipts = receipts
        self._publisher = publisher
        self._redeliverer = redeliverer
        self._counters = counters

    async def newest(self, query: DeadLetterQuery, *, limit: int, after: str = "") -> list[DeadLetter]:
        """Those that fit, the newest first, behind *after* where one is named."""
        return await self._store.letters(query, limit=limit, after=DeadLetterId(after) if after else None)

    async def count(self, query: DeadLetterQuery) -> int:
        """How many fit."""
        return await self._store.count(query)

    async def get(self, client_id: ClientId | None, letter_id: str) -> DeadLetter:
        """One of them, by its id or by that of its notification where that has no other.

        Raises:
            NotFound: unknown, gone, or of another client.
        """
        letter = await self._store.find(client_id, DeadLetterId(letter_id))
        if letter is None and letter_id:
            query = DeadLetterQuery(client_id, notification_id=NotificationId(letter_id))
            letters = await self._store.letters(query, limit=_NAMED)
            if len(letters) > 1:
                named = ", ".join(each.id for each in letters)
                raise NotFound(f"several are of this notification, name one: {named}", code="dead_letter_not_found")
            letter = letters[0] if letters else None
        if letter is None:
            raise _unknown()
        return letter

    async def show(self, client_id: ClientId | None, letter_id: str) -> ShownLetter:
        """One of them, with what happened to its notification as far as that is still known.

        Raises:
            NotFound: see `get`.
        """
        letter = await self.get(client_id, letter_id)
        for notification_id in (letter.notification_id, letter.notification.id):
            receipt = await self._receipts.find(letter.client_id, notification_id)
            if receipt is not None:
                return ShownLetter(letter, receipt.timeline)
        return ShownLetter(letter, ())

    async def pages(self, query: DeadLetterQuery) -> AsyncIterator[Sequence[DeadLetter]]:
        """All that fit and have died before this call, the oldest first, a few at a time.

        They may be put back, dropped or pushed out between two pages.
        """
        now = now_ms()
        query = msgspec.structs.replace(query, until=min(query.until or now + 1, now + 1))
        last: DeadLetter | None = None
        seen: set[DeadLetterId] = set()
        while page := await self._behind(last, query):
            fresh = [letter for letter in page if letter.id not in seen]
            instant = page[-1].died_at
            if last is None or instant != last.died_at:
                seen.clear()
            seen |= {letter.id for letter in page if letter.died_at == instant}
            last = page[-1]
            if fresh:
                yield fresh

    async def _behind(self, last: DeadLetter | None, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        if last is not None and await self._store.find(None, last.id) is None:
            # it has gone since: what died in the same instant comes again
            query, last = msgspec.structs.replace(query, since=last.died_at), None
        after = None if last is None else last.id
        return await self._store.letters(query, limit=_PAGE, after=after, oldest_first=True)

    async def retry(self, ids: Sequence[str], *, ttl_ms: int | None = None) -> list[Retried]:
        """Put these back, each by itself: one that is refused does not stop the others.

        Raises:
            Invalid: they are too many, or *ttl_ms* is out of its range.
        """
        _check_ttl(ttl_ms)
        found = {letter_id: await self._store.find(None, letter_id) for letter_id in _distinct(ids)}
        done: dict[DeadLetterId, Retried] = {
            letter_id: Retried(letter_id, refused=_unknown()) for letter_id, letter in found.items() if letter is None
        }
        letters = [letter for letter in found.values() if letter is not None]
        for start in range(0, len(letters), _PAGE):
            results = await self._retry(letters[start : start + _PAGE], ttl_ms)
            done |= {result.id: result for result in results}
        return [done[letter_id] for letter_id in found]

    async def retry_matching(self, query: DeadLetterQuery, *, ttl_ms: int | None = None) -> list[Retried]:
        """Put back what fits, the oldest first, `MAX_AT_ONCE` of them at most.

        Raises:
            Invalid: *ttl_ms* is out of its range.
        """
        _check_ttl(ttl_ms)
        results: list[Retried] = []
        async for page in self.pages(query):
            results += await self._retry(page[: MAX_AT_ONCE - len(results)], ttl_ms)
            if len(results) >= MAX_AT_ONCE:
                break
        return results

    async def _retry(self, letters: Sequence[DeadLetter], ttl_ms: int | None) -> list[Retried]:
        """All begin before any is waited for, so that they share a commit."""
        begun = [await self._begin(letter, ttl_ms) for letter in letters]
        return [await self._finish(letter, step) for letter, step in zip(letters, begun, strict=True)]

    async def _begin(self, letter: DeadLetter, ttl_ms: int | None) -> _Begun | NotifydError:
        now = now_ms()
        try:
            self._publisher.check_open()
            ageing_ms = self._publisher.rules.ageing_ms
            again = notification_again(letter, now=now, ttl_ms=ttl_ms, ageing_ms=ageing_ms)
            if letter.stage is Stage.SUBSCRIPTION:
                await self._redeliverer.redeliver(msgspec.structs.replace(letter, notification=again))
                return _Begun(again, None)
            return _Begun(again, self._store.requeue([letter], [again], now=now)[0])
        except NotifydError as exc:
            return exc

    async def _finish(self, letter: DeadLetter, begun: _Begun | NotifydError) -> Retried:
        if isinstance(begun, NotifydError):
            return Retried(letter.id, refused=begun)
        try:
            if begun.pending is None:
                if not await self._store.remove([letter.id]):
                    return Retried(letter.id, refused=_unknown())  # somebody else was quicker
            else:
                await begun.pending.result()
        except NotifydError as exc:
            return Retried(letter.id, refused=exc)
        new_id = begun.notification.id
        self._counters.requeued += 1
        self._note(letter, Happening.REQUEUED, detail=new_id if letter.stage is Stage.INBOX else "")
        log.info("dead_letter_requeued", dead_letter_id=letter.id, notification_id=new_id, stage=letter.stage.value)
        return Retried(letter.id, new_id)

    async def drop(self, ids: Sequence[str]) -> Dropped:
        """Forget these.

        Raises:
            Invalid: they are too many.
            StoreUnavailable: it could not be recorded; those that are not named as dropped by a later list are there.
        """
        wanted = _distinct(ids)
        known = [await self._store.find(None, letter_id) for letter_id in wanted]
        found = [letter for letter in known if letter is not None]
        dropped: list[DeadLetterId] = []
        for start in range(0, len(found), _PAGE):
            dropped += await self._drop(found[start : start + _PAGE])
        gone = set(dropped)
        return Dropped(dropped, [letter_id for letter_id in wanted if letter_id not in gone])

    async def drop_matching(self, query: DeadLetterQuery) -> Dropped:
        """Forget what fits, the oldest first, `MAX_AT_ONCE` of them at most.

        Raises:
            StoreUnavailable: it could not be recorded; the older ones may be gone.
        """
        dropped: list[DeadLetterId] = []
        async for page in self.pages(query):
            dropped += await self._drop(page[: MAX_AT_ONCE - len(dropped)])
            if len(dropped) >= MAX_AT_ONCE:
                break
        return Dropped(dropped, [])

    async def _drop(self, letters: Sequence[DeadLetter]) -> list[DeadLetterId]:
        gone = await self._store.remove([letter.id for letter in letters])
        self._counters.dropped += len(gone)
        known = set(gone)
        for letter in letters:
            if letter.id in known:
                self._note(letter, Happening.DROPPED)
                log.info("dead_letter_dropped", dead_letter_id=letter.id, stage=letter.stage.value)
        return gone

    def _note(self, letter: DeadLetter, happening: Happening, *, detail: str = "") -> None:
        webhook = letter.notification.channel if letter.stage is Stage.WEBHOOK else ""
        receiver = webhook or letter.durable or letter.connection_id
        event = TimelineEvent(now_ms(), happening, letter.user_id, receiver, letter.attempts, detail)
        self._receipts.note(letter.notification_id, event)


def stage_of(word: str) -> Stage | None:
    """The stage of that name; "" stands for any.

    Raises:
        Invalid: there is none.
    """
    if not word:
        return None
    try:
        return Stage(word)
    except ValueError as exc:
        raise Invalid(f"stage must be one of {', '.join(stage.value for stage in Stage)}") from exc


def check_named(*, ids: bool, query: bool) -> None:
    """Pass when dead letters are named in one of the two ways.

    Raises:
        Invalid: in both, or in none.
    """
    if ids is query:
        raise Invalid("name dead letters by their ids or by a filter, one of the two")


def _distinct(ids: Iterable[str]) -> list[DeadLetterId]:
    """*ids*, each once.

    Raises:
        Invalid: they are too many.
    """
    found = [DeadLetterId(identifier) for identifier in dict.fromkeys(ids)]
    if len(found) > MAX_AT_ONCE:
        raise Invalid(f"at most {MAX_AT_ONCE} dead letters can be named at once")
    return found


def _check_ttl(ttl_ms: int | None) -> None:
    if ttl_ms is not None and not 0 < ttl_ms <= MAX_LIFE_MS:
        raise Invalid(f"the ttl must be 1 to {MAX_LIFE_MS} milliseconds")


def _unknown() -> NotFound:
    return NotFound("there is no such dead letter (any more)", code="dead_letter_not_found")
