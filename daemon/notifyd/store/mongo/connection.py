"""Connecting to MongoDB: whom to ask, for how long at most, and what must be true when a write is answered."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from pymongo.database import Database

    Document = dict[str, Any]
    Client = MongoClient[Document]

DATABASE: Final = "notifyd"

#: Calls at the same time, and connections for them.
THREADS: Final = 8

#: What this daemon writes is kept by most servers of the set, on their disks, when it is answered.
_WRITE_CONCERN: Final = WriteConcern(w="majority", j=True)


def connect(url: str, timeout_seconds: float) -> Client:
    """A client of the servers that *url* names, each of its calls bounded; nothing is asked of them yet.

    Raises:
        Invalid: *url* cannot be read.
    """
    milliseconds = max(1, round(timeout_seconds * 1000))
    try:
        with warnings.catch_warnings():
            # the driver warns of options that it does not know, and goes on without them
            warnings.simplefilter("error")
            return MongoClient(
                url,
                appname="notifyd",
                connect=False,
                maxPoolSize=THREADS,
                serverSelectionTimeoutMS=milliseconds,
                connectTimeoutMS=milliseconds,
                socketTimeoutMS=milliseconds,
                waitQueueTimeoutMS=milliseconds,
                timeoutMS=milliseconds,
                retryWrites=True,
                retryReads=True,
            )
    except (PyMongoError, ValueError, TypeError, UserWarning) as exc:
        raise Invalid(_unreadable(url, exc), code="config_invalid") from None


def database_of(client: Client) -> Database[Document]:
    """The database that the URL names, or `notifyd`; what is read of it is what most servers of the set know."""
    return client.get_default_database(
        DATABASE,
        write_concern=_WRITE_CONCERN,
        # a server that was cut off from the others would tell what was true a while ago
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
    )


def hosts_in(url: str) -> str:
    """The servers that *url* names, without what else it says."""
    return url.partition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0]


def _unreadable(url: str, exc: Exception) -> str:
    # what the driver says may repeat what it took for the host, and be a part of the password
    may_be_told = "@" not in url and "password" not in url.lower()
    reason = str(exc) if may_be_told else "names and passwords must be percent-encoded, and every option known"
    return f"[records] url cannot be read as an address of MongoDB: {reason}"
