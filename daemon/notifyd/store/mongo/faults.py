"""What the errors of MongoDB's driver mean, in sentences that show no password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bson.errors import BSONError
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RETRY_AFTER_SECONDS: Final = 1.0
_LONGEST: Final = 300


def errors_of(place: str) -> Mapping[type[Exception], Callable[[Exception], Exception]]:
    """The table for the worker whose calls go to *place*, as a person knows it."""

    def told(exc: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"{place}: {reason_of(exc)}", retry_after_seconds=_RETRY_AFTER_SECONDS)

    return {PyMongoError: told, BSONError: told}


def reason_of(exc: Exception) -> str:
    """What the driver says, without its views of the whole set and of its own settings."""
    if isinstance(exc, OperationFailure) and exc.details is not None and exc.details.get("errmsg"):
        return str(exc.details["errmsg"])[:_LONGEST]
    said = str(exc)
    if isinstance(exc, ServerSelectionTimeoutError):
        said = said.partition(", Timeout:")[0]
    return said.partition(" (configured timeouts:")[0][:_LONGEST] or type(exc).__name__
