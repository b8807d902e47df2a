"""A daemon of today on the state folder of every version there was, as that version left it."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from notifyd.config.catalogue import catalogue
from notifyd.config.values import to_toml
from notifyd.store.local.assemble import BROKER_SCRIPTS
from notifyd.store.mongo.indexes import VERSION as MONGO_VERSION
from notifyd.store.redis.layout import VERSION as REDIS_VERSION
from notifyd.store.sqlite.records import SCRIPTS as RECORDS
from notifyd.wire.record_lines import VERSION as EXPORT_VERSION
from tests.docs.pages import ROOT
from tests.e2e.daemon import DaemonFailed
from tests.e2e.fixtures import start
from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

STATES = Path(__file__).parent / "states"
NAMES = sorted(path.name for path in STATES.iterdir())
#: The first version for each run of the tests, the rest for thorough ones.
EACH = [name if name == "0.1.0" else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
NOTE = (ROOT / "UPGRADING.md").read_text(encoding="utf-8")
VERSIONS = {"broker": len(BROKER_SCRIPTS), "records": len(RECORDS)}

__all__ = ["start"]


def facts(name: str) -> dict[str, Any]:
    return dict(json.loads((STATES / name / "facts.json").read_text(encoding="utf-8")))


def versions(folder: Path) -> dict[str, int]:
    """The schema of each file there."""
    found = {}
    for name in VERSIONS:
        with closing(sqlite3.connect(folder / f"{name}.db")) as connection:
            found[name] = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def lay_out(name: str, folder: Path) -> None:
    """The state folder as that version left it."""
    folder.mkdir(mode=0o700)
    for database in VERSIONS:
        with closing(sqlite3.connect(folder / f"{database}.db")) as connection:
            connection.executescript((STATES / name / f"{database}.sql").read_text(encoding="utf-8"))
    key = STATES / name / "master.key"
    if key.exists():
        (folder / "master.key").touch(mode=0o600)
        (folder / "master.key").write_text(key.read_text())


async def opened(start: Starter, name: str) -> Daemon:
    """A daemon on that state, with the configuration of that version."""
    daemon = await start(started=False)
    lay_out(name, daemon.state_dir)
    daemon.environ["NOTIFYD_CONFIG"] = str(STATES / name / "notifyd.toml")
    await daemon.start()
    return daemon


@within(60)
@pytest.mark.parametrize("name", EACH)
async def test_everything_is_there_and_goes_on(start: Starter, name: str):
    known = facts(name)
    daemon = await opened(start, name)
    assert versions(daemon.state_dir) == VERSIONS
    async with daemon.rest(known["key"]) as rest:
        history = (await rest.call("GET", f"/api/channels/orders/history?since={known['epoch']}:0")).json
        assert history["recovered"]
        kept = [each["id"] for each in history["publications"]]
        assert kept[: len(known["published"])] == known["published"]
        receipt = (await rest.call("GET", f"/api/notifications/{known['published'][0]}")).json
        assert (receipt["notification"]["state"], receipt["notification"]["delivered"]) == ("dispatched", 1)
        cancelled = await rest.call("DELETE", f"/api/notifications/{known['scheduled']}")
        assert cancelled.status == 200
        more = await rest.call("POST", "/api/notifications", {"channel": "orders", "data": {"n": 9}})
        assert more.status == 202


@within(60)
@pytest.mark.slow
async def test_a_request_that_is_repeated_after_the_upgrade_gets_its_first_answer(start: Starter):
    known = facts("0.1.0")
    daemon = await opened(start, "0.1.0")
    # to the letter, as make.py has sent it
    body = json.dumps({"channel": "orders", "data": {"n": 1}, "metadata": {"from": "fixture"}}).encode()
    headers = {"Content_Type": "application/json", "Idempotency_Key": "order-1"}
    async with daemon.rest(known["key"]) as rest:
        again = await rest.send("POST", "/api/notifications", body, **headers)
    assert (again.status, again.json.get("notificationId")) == (202, known["published"][0])


@within(60)
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if "client" in facts(name)])
async def test_clients_users_and_devices_are_there(start: Starter, name: str):
    known = facts(name)
    daemon = await opened(start, name)
    # a token signed with the secret, which the master key has opened
    token = (await daemon.ctl("tokens", "mint", "--client", known["client"], "--user", "alice", "--ttl", "1h")).out
    assert (await daemon.ctl("tokens", "verify", "-", stdin=token.encode())).status == 0
    listed = await daemon.ctl("listen", "--client", known["client"], "--user", "alice", "-n", "1", "-o", "json")
    assert known["inbox"] in listed.out
    devices = await daemon.ctl("devices", "list", "--client", known["client"], "--user", "alice", "-o", "json")
    assert [each["userId"] for each in devices.json] == ["alice"]


@within(60)
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if "dead" in facts(name)])
async def test_dead_letters_and_durable_subscriptions_are_there(start: Starter, name: str):
    known = facts(name)
    daemon = await opened(start, name)
    letters = await daemon.ctl("dead-letters", "list", "-o", "json")
    assert known["dead"] in [each["notificationId"] for each in letters.json]
    (durable,) = (await daemon.ctl("subscriptions", "list", "-o", "json")).json
    assert durable["name"] == "billing"
    receipt = (await daemon.ctl("notifications", "show", known["acked"], "-o", "json")).json
    assert receipt["acked"] == 1


@within(60)
@pytest.mark.parametrize("database", VERSIONS)
async def test_the_state_of_a_newer_version_is_refused_and_left_as_it_is(start: Starter, database: str):
    daemon = await start(started=False)
    lay_out("0.1.0", daemon.state_dir)
    with closing(sqlite3.connect(daemon.state_dir / f"{database}.db")) as connection:
        connection.execute(f"PRAGMA user_version={VERSIONS[database] + 1}")
    before = (daemon.state_dir / f"{database}.db").read_bytes()
    with pytest.raises(DaemonFailed) as refused:
        await daemon.start()
    newest = VERSIONS[database]
    assert f"written by a newer version (schema {newest + 1}, this one knows {newest})" in str(refused.value)
    assert await daemon.ended() == 1
    assert (daemon.state_dir / f"{database}.db").read_bytes() == before
    daemon.stderr.clear()


def test_every_schema_that_is_left_behind_has_a_state():
    marks = {name: {db: (STATES / name / f"{db}.sql").read_text(encoding="utf-8") for db in VERSIONS} for name in NAMES}
    for database, newest in VERSIONS.items():
        said = {text[database].rpartition("user_version=")[2].strip(";\n") for text in marks.values()}
        assert {str(version) for version in range(1, newest)} <= said, "see make.py"


def test_the_note_tells_the_versions_of_every_store():
    rows = dict(re.findall(r"^\| (.*?) \| .* \| (?:1 to )?(\d+) \|[^|]*\|$", NOTE, re.MULTILINE))
    assert rows == {
        "`broker.db`": str(VERSIONS["broker"]),
        "`records.db`": str(VERSIONS["records"]),
        "MongoDB": str(MONGO_VERSION),
        "Redis": str(REDIS_VERSION),
        "`records export`": str(EXPORT_VERSION),
    }


def test_every_setting_of_the_first_version_means_what_it_meant():
    text = (STATES / "0.1.0" / "every-setting.toml").read_text(encoding="utf-8")
    for section, values in tomllib.loads(text).items():
        for name, value in values.items():
            entry = catalogue()[f"{section}.{name}"]
            ours = tomllib.loads(f"value = {to_toml(entry.default)}")["value"]
            assert entry.setting.follows or ours == value, entry.path
