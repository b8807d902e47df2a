"""Which address is read how, and what every call is bound to."""

from __future__ import annotations

import pytest
from pymongo.read_preferences import ReadPreference

from notifyd.errors import Invalid
from notifyd.store.mongo.connection import connect, database_of, hosts_in


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://user:geh/eim@host/db",
        "mongodb://user:geh@eim@host/db",
        "mongodb://user:geheim@host:99999/db",
        "mongodb://user:geheim@host/db?nonsense=1",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Invalid, match="percent-encoded") as refused:
        connect(url, 1)
    assert refused.value.code == "config_invalid"
    assert not {"geh", "eim", "geheim"} & set(refused.value.message.replace('"', " ").split())
    assert refused.value.__cause__ is None, "a traceback would show it"


def test_what_is_wrong_is_told_where_there_is_no_password() -> None:
    with pytest.raises(Invalid, match="Port must be an integer"):
        connect("mongodb://host:99999/", 1)
    with pytest.raises(Invalid, match="Unknown option: nonsense"):
        connect("mongodb://host/?nonsense=1", 1)


@pytest.mark.parametrize(
    ("url", "name"),
    [("mongodb://a,b/prod?replicaSet=rs", "prod"), ("mongodb://a", "notifyd"), ("mongodb://a/?w=1", "notifyd")],
)
def test_writes_are_kept_by_most_and_reads_come_from_the_primary_whatever_the_address_says(url: str, name: str) -> None:
    with connect(url, 2.5) as client:
        database = database_of(client)
        assert database.name == name
        assert database.write_concern.document == {"w": "majority", "j": True}
        assert database.read_concern.level == "majority"
        assert database.read_preference == ReadPreference.PRIMARY
        options = client.options
        assert options.retry_writes
        assert (options.timeout, options.server_selection_timeout) == (2.5, 2.5)
        assert (options.pool_options.connect_timeout, options.pool_options.socket_timeout) == (2.5, 2.5)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("mongodb://user:p%40ss@a:1,b:2/db?x=y", "a:1,b:2"),
        ("mongodb+srv://user:pass@cluster.example", "cluster.example"),
        ("mongodb://a?w=1", "a"),
    ],
)
def test_a_person_is_told_the_hosts_alone(url: str, hosts: str) -> None:
    assert hosts_in(url) == hosts
