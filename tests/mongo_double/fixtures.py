"""Databases for tests: on the double, or on the server that NOTIFYD_TEST_MONGODB_URI names."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mongo_double.server import MongoDouble

VARIABLE = "NOTIFYD_TEST_MONGODB_URI"


@cache
def shared_double() -> MongoDouble:
    """One for this process, which is as long there as the process. Not for tests that make it fail."""
    from tests.mongo_double.server import MongoDouble

    double = MongoDouble()
    double.come()
    return double


@contextmanager
def database() -> Iterator[str]:
    """The URI of a database of one's own, which is dropped afterwards."""
    from pymongo import MongoClient

    name = f"notifyd_test_{secrets.token_hex(6)}"
    server = urlsplit(os.environ.get(VARIABLE) or shared_double().uri())
    query = server.query
    if server.username and "authsource=" not in query.lower():
        # users are looked up in the database that the URI names, which is to be another one now
        query = "&".join(filter(None, (query, f"authSource={server.path.strip('/') or 'admin'}")))
    uri = server._replace(path=f"/{name}", query=query).geturl()
    yield uri
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=5000) as client:
        client.drop_database(name)
