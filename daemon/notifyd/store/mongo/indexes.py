"""What MongoDB is to have before anything is kept in it: indexes, and the mark of the version that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import OperationFailure

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from pymongo.database import Database

#: Of the documents; another layout gets another one.
VERSION: Final = 1

#: For how long it is remembered that a client was removed: what another daemon has under way has long ended then.
REMOVED_SECONDS: Final = 86_400

_BY_CLIENT: Final = [("client_id", ASCENDING)]
_INDEXES: Final = {
    "keys": [IndexModel(_BY_CLIENT, name="keys_by_client")],
    "devices": [
        # A token belongs to one user of one client.
        IndexModel([*_BY_CLIENT, ("token", ASCENDING)], name="devices_by_token", unique=True),
        IndexModel(
            [*_BY_CLIENT, ("user_id", ASCENDING), ("seen_at", DESCENDING), ("order", DESCENDING)],
            name="devices_by_user",
        ),
    ],
    "removed": [IndexModel([("at", ASCENDING)], name="removed_by_age", expireAfterSeconds=REMOVED_SECONDS)],
}

#: Where records are. Another program may have collections of such names.
_RECORDS: Final = ("clients", "keys", "devices")

#: Codes of the server: an index of that name or of those fields is there, with other options.
_CONFLICTS: Final = (85, 86)
_DUPLICATES: Final = 11000


def prepare(database: Database[dict[str, Any]]) -> None:
    """Make what is missing; does nothing where all is there.

    Raises:
        StoreUnavailable: a newer version or another program was here, and nothing was touched; or an index cannot be
            made beside what is there.
    """
    _refuse_foreign(database)
    fresh = {"$setOnInsert": {"version": VERSION}}
    mark = database.meta.find_one_and_update(
        {"_id": "schema"}, fresh, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert mark is not None, "what is inserted where it is missing is there"
    if mark["version"] > VERSION:
        raise StoreUnavailable(
            f"the database {database.name} was written by a newer version (layout {mark['version']}, "
            f"this one knows {VERSION})",
            code="store_too_new",
        )
    for collection, models in _INDEXES.items():
        for model in models:
            _make(database, collection, model)


def _refuse_foreign(database: Database[dict[str, Any]]) -> None:
    if database.meta.find_one({"_id": "schema"}) is not None:
        return
    for name in _RECORDS:
        if database[name].find_one() is not None:
            raise StoreUnavailable(
                f"the database {database.name} holds {name} of another program: name one of its own in records.url, "
                "such as mongodb://HOST/notifyd",
                code="store_foreign",
            )


def _make(database: Database[dict[str, Any]], collection: str, model: IndexModel) -> None:
    name = model.document["name"]
    try:
        database[collection].create_indexes([model])
    except OperationFailure as exc:
        if exc.code in _CONFLICTS:
            raise StoreUnavailable(
                f"the database {database.name} has an index on {collection} with other options than the one that is "
                f"needed, {name}; drop it (db.{collection}.dropIndex) and start again",
                code="store_foreign",
            ) from exc
        if exc.code == _DUPLICATES:
            raise StoreUnavailable(
                f"the database {database.name} holds {collection} that {name} would forbid: remove the doubles first",
                code="store_foreign",
            ) from exc
        raise
