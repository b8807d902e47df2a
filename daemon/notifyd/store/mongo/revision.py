"""The count of changes, by which daemons on one database notice what the others did."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from pymongo.errors import PyMongoError

from notifyd.store.mongo.faults import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection

log = structlog.get_logger("notifyd.store")

_ID: Final = "revision"


class Revision:
    """One document that is counted up before and after each change.

    Without transactions a change and its number are two writes. The number before tells of a change whose author dies
    in the middle, the one after of a change that was not there yet when others looked.
    """

    def __init__(self, meta: Collection[dict[str, Any]]) -> None:
        self._meta = meta
        #: Numbers that were counted from here, for changes that are known to be kept.
        self._own = 0
        self._lock = threading.Lock()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around what changes keys or clients."""
        self._count(1)
        yield
        try:
            self._count(1)
        except PyMongoError as exc:
            # the change is kept, and those who saw the number before look a second time
            log.warning("records_change_not_counted", problem=reason_of(exc))
            return
        with self._lock:
            self._own += 2

    def number(self) -> int:
        """How often others counted."""
        # Read first: a change of our own that comes in between counts once more, instead of hiding one of another's.
        own = self._own
        found = self._meta.find_one({"_id": _ID})
        return (int(found["changes"]) if found else 0) - own

    def touch(self) -> None:
        """Write what changes nothing, to find out whether writes work."""
        self._count(0)

    def _count(self, step: int) -> None:
        self._meta.update_one({"_id": _ID}, {"$inc": {"changes": step}}, upsert=True)
