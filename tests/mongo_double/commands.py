"""What the double can be told to do, done by mongomock."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import bson
import mongomock
from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Document = dict[str, Any]
    Result = dict[str, Any]

_DUPLICATE_KEY: Final = 11000
_BAD_VALUE: Final = 2
_NO_SUCH_COMMAND: Final = 59
_INDEX_OPTIONS_CONFLICT: Final = 85
_FIRST_BATCH: Final = 101
_KEPT_OPTIONS: Final = ("unique", "sparse", "expireAfterSeconds", "partialFilterExpression", "name")

_HELLO: Final = {
    "isWritablePrimary": True,
    "ismaster": True,
    "helloOk": True,
    "maxBsonObjectSize": 16 << 20,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "logicalSessionTimeoutMinutes": 30,
}


class Commands:
    """One server's databases, and the commands on them; may be called from several threads."""

    def __init__(self) -> None:
        self._client: Any = mongomock.MongoClient()
        # mongomock's single operations are made of several steps
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._rest_of_cursors: dict[int, list[Document]] = {}
        #: Options of indexes as they were asked for: mongomock takes an index of other options for the same.
        self._indexes: dict[tuple[str, str, str], Document] = {}
        self._known: dict[str, Callable[[Document, Any], Result]] = {
            "find": self._find,
            "getMore": self._get_more,
            "insert": self._insert,
            "update": self._update,
            "delete": self._delete,
            "findAndModify": self._find_and_modify,
            "createIndexes": self._create_indexes,
            "listIndexes": self._list_indexes,
            "dropDatabase": self._drop_database,
        }

    def answer(self, command: Document) -> Result:
        """The answer to one command; what it cannot do is refused as a server would."""
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            return {**_HELLO, "localTime": datetime.now(UTC), "ok": 1.0}
        if name in ("ping", "endSessions", "killCursors"):
            return {"ok": 1.0}
        if name not in self._known:
            return _refused(_NO_SUCH_COMMAND, f"no such command: '{name}'")
        try:
            with self._lock:
                return {"ok": 1.0, **self._known[name](command, self._client[command["$db"]])}
        except OperationFailure as exc:
            return _refused(exc.code or _BAD_VALUE, str(exc))
        except Exception as exc:  # noqa: BLE001  # a server tells its faults and goes on
            return _refused(_code_of(exc), f"{type(exc).__name__}: {exc}")

    def _find(self, command: Document, database: Any) -> Result:
        found = database[command["find"]].find(command.get("filter", {}), command.get("projection"))
        if command.get("sort"):
            found = found.sort(list(command["sort"].items()))
        found = found.skip(command.get("skip", 0))
        if command.get("limit"):
            found = found.limit(command["limit"])
        namespace = f"{database.name}.{command['find']}"
        return self._cursor("firstBatch", namespace, list(found), command.get("batchSize", _FIRST_BATCH))

    def _get_more(self, command: Document, database: Any) -> Result:
        rest = self._rest_of_cursors.pop(command["getMore"])
        namespace = f"{database.name}.{command['collection']}"
        return self._cursor("nextBatch", namespace, rest, command.get("batchSize", len(rest)))

    def _cursor(self, batch: str, namespace: str, found: list[Document], size: int) -> Result:
        number = 0
        if len(found) > size:
            number = next(self._numbers)
            self._rest_of_cursors[number] = found[size:]
        return {"cursor": {"id": bson.Int64(number), "ns": namespace, batch: found[:size]}}

    def _insert(self, command: Document, database: Any) -> Result:
        collection = database[command["insert"]]
        return _each(command, command["documents"], lambda document, _: collection.insert_one(document))

    def _update(self, command: Document, database: Any) -> Result:
        collection = database[command["update"]]
        matched = modified = 0
        upserted: list[Document] = []

        def apply(update: Document, index: int) -> None:
            nonlocal matched, modified
            change, where, upsert = update["u"], update["q"], update.get("upsert", False)
            operators = next(iter(change), "").startswith("$")
            result = (
                collection.replace_one(where, change, upsert=upsert) if not operators
                else collection.update_many(where, change, upsert=upsert) if update.get("multi")
                else collection.update_one(where, change, upsert=upsert)
            )  # fmt: skip
            modified += result.modified_count
            matched += result.matched_count
            if result.upserted_id is not None:
                upserted.append({"index": index, "_id": result.upserted_id})

        result = _each(command, command["updates"], apply)
        count = {"n": matched + len(upserted), "nModified": modified}
        return {**result, **count, **({"upserted": upserted} if upserted else {})}

    def _delete(self, command: Document, database: Any) -> Result:
        collection = database[command["delete"]]
        deleted = 0

        def apply(delete: Document, _: int) -> None:
            nonlocal deleted
            one = delete.get("limit") == 1
            deleted += (collection.delete_one if one else collection.delete_many)(delete["q"]).deleted_count

        return {**_each(command, command["deletes"], apply), "n": deleted}

    def _find_and_modify(self, command: Document, database: Any) -> Result:
        collection = database[command["findAndModify"]]
        query = command.get("query", {})
        if command.get("remove"):
            value = collection.find_one_and_delete(query)
        else:
            value = collection.find_one_and_update(
                query, command["update"], upsert=command.get("upsert", False), return_document=command.get("new", False)
            )
        return {"value": value, "lastErrorObject": {"n": int(value is not None)}}

    def _create_indexes(self, command: Document, database: Any) -> Result:
        collection = command["createIndexes"]
        for index in command["indexes"]:
            place = (database.name, collection, index["name"])
            if self._indexes.setdefault(place, index) != index:
                raise OperationFailure(f"Index already exists with other options: {index['name']}", 85)
            options = {name: index[name] for name in _KEPT_OPTIONS if name in index}
            database[collection].create_index(list(index["key"].items()), **options)
        return {}

    def _list_indexes(self, command: Document, database: Any) -> Result:
        found = [
            index for place, index in self._indexes.items() if place[:2] == (database.name, command["listIndexes"])
        ]
        return self._cursor("firstBatch", f"{database.name}.$cmd.listIndexes", found, len(found))

    def _drop_database(self, _command: Document, database: Any) -> Result:
        self._client.drop_database(database.name)
        self._indexes = {place: index for place, index in self._indexes.items() if place[0] != database.name}
        return {}


def _each(command: Document, items: Sequence[Document], apply: Callable[[Document, int], object]) -> Result:
    """Apply every write of a command; what fails is told, and in ordered ones ends it."""
    errors = []
    done = 0
    for index, item in enumerate(items):
        try:
            apply(item, index)
            done += 1
        except Exception as exc:  # noqa: BLE001  # told as a server tells it
            errors.append({"index": index, "code": _code_of(exc), "errmsg": str(exc)})
            if command.get("ordered", True):
                break
    return {"n": done, **({"writeErrors": errors} if errors else {})}


def _code_of(exc: Exception) -> int:
    if type(exc).__name__ == "DuplicateKeyError":
        return _DUPLICATE_KEY
    return getattr(exc, "code", None) or _BAD_VALUE


def _refused(code: int, message: str) -> Result:
    return {"ok": 0.0, "code": code, "errmsg": message}
