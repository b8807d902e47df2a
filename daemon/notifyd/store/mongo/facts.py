"""What a MongoDB tells of itself, for who examines it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

from notifyd.model.diagnosis import MongoFacts

if TYPE_CHECKING:
    from pymongo.database import Database


def mongo_facts(database: Database[dict[str, Any]]) -> MongoFacts:
    """Ask the server that takes the writes of *database*. Raises as the driver does."""
    hello = database.client.admin.command("hello")
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
    )
