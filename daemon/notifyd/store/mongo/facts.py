"""What a MongoDB tells of itself, for who examines it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

from notifyd.clock import ms_of, now_ms
from notifyd.model.diagnosis import MongoFacts

if TYPE_CHECKING:
    from pymongo.database import Database


def mongo_facts(database: Database[dict[str, Any]]) -> MongoFacts:
    """Ask the server that takes the writes of *database*. Raises as the driver does."""
    asked_at = now_ms()
    hello = database.client.admin.command("hello")
    answered_at = now_ms()
    build: dict[str, Any] = {}
    with suppress(OperationFailure):  # not every user may ask for it
        build = database.client.admin.command("buildInfo")
    # a server without a write concern of its own waits for itself alone
    concern = database.write_concern.document.get("w", 1)
    return MongoFacts(
        version=str(build.get("version", "")),
        replica_set=str(hello.get("setName", "")),
        members=len(hello.get("hosts", ())) + len(hello.get("passives", ())),
        router=hello.get("msg") == "isdbgrid",
        write_concern=str(concern),
        ahead_seconds=_ahead(hello.get("localTime"), asked_at, answered_at),
        off_by_seconds=(answered_at - asked_at) / 2000,
    )


def _ahead(local: Any, asked_at: int, answered_at: int) -> float | None:
    """By how much the server's clock is ahead of this one; None where it does not tell the time."""
    if not isinstance(local, datetime):
        return None
    # the driver leaves the zone out where it was not told to name it: it is UTC
    told = ms_of(local if local.tzinfo is not None else local.replace(tzinfo=UTC))
    return (told - (asked_at + answered_at) / 2) / 1000
