"""Records as documents: the fields by their names, the id as `_id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from notifyd.model.client import Client
    from notifyd.model.device import Device
    from notifyd.model.key import ApiKey

    Document = dict[str, Any]
    Found = ApiKey | Client | Device

Record = TypeVar("Record", bound="Found")


def document_of(record: Found) -> Document:
    """*record* as a document."""
    document: Document = msgspec.to_builtins(record)
    return {"_id": document.pop("id"), **document}


def record_in(document: Document, kind: type[Record]) -> Record:
    """The record in *document*; what else it holds does not count.

    Raises:
        StoreUnavailable: it holds no such record.
    """
    try:
        return msgspec.convert({**document, "id": document["_id"]}, kind)
    except msgspec.ValidationError as exc:
        raise StoreUnavailable(
            f"MongoDB holds a {kind.__name__} that cannot be read, {str(document['_id'])[:100]!r}: {exc}",
            code="store_damaged",
        ) from exc
