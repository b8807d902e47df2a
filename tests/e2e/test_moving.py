"""From a SQLite file to MongoDB and back, with the command line alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import connect
from tests.mongo_double.fixtures import database

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

pytestmark = pytest.mark.slow


async def furnish(daemon: Daemon) -> str:
    """A client with devices and keys; answers one of the keys."""
    key = await daemon.key()
    client = (await daemon.ctl("clients", "register", "--name", "shop", "-o", "json")).json
    for user in ("ann", "bob"):
        told = await daemon.ctl(
            "devices", "register", "--client", client["id"], "--user", user, "--token-file", "-", stdin=user.encode()
        )
        assert told.status == 0, told.err
    revoked = (await daemon.ctl("keys", "create", "--name", "gone", "-o", "json")).json
    assert (await daemon.ctl("keys", "revoke", revoked["id"], "--yes")).status == 0
    return key


@within(120)
async def test_who_moves_out_of_a_file_and_back_has_everything(start: Starter, tmp_path: Path) -> None:
    shared = f"records.master_key_file={tmp_path / 'shared.key'}"
    old = await start(shared)
    key = await furnish(old)
    file = tmp_path / "house.ndjson"
    assert (await old.ctl("records", "export", str(file))).status == 0
    digest = (await old.ctl("records", "check", "-q")).out
    assert digest.startswith("sha256:")
    with database() as uri:
        mongo = await start(shared, f"records.url={uri}")
        first = await mongo.ctl("records", "import", str(file), "-o", "json")
        assert first.status == 0, first.err
        assert (first.json["added"]["devices"], first.json["digest"] + "\n") == (2, digest)
        again = await mongo.ctl("records", "import", str(file), "-o", "json")
        assert again.json["unchanged"] == first.json["added"]
        assert (await mongo.ctl("records", "check", "-q")).out == digest
        async with connect(mongo.ws_url) as peer:
            await peer.authenticate(key)
        back = (await mongo.ctl("records", "export")).out
        assert await mongo.terminate() == 0
    new = await start(shared)
    assert (await new.ctl("records", "import", "-", stdin=back.encode())).status == 0
    assert (await new.ctl("records", "check", "-q")).out == digest
    assert file.read_text().splitlines()[0] == back.splitlines()[0]


@within(60)
async def test_another_master_key_does_not_open_the_house(start: Starter) -> None:
    old, other = await start(), await start()
    exported = (await old.ctl("records", "export")).out
    refused = await other.ctl("records", "import", "-", "-o", "json", stdin=exported.encode())
    assert (refused.status, "another master key" in refused.err) == (2, True)
    with trio.fail_after(20):
        assert (await other.ctl("records", "check", "-q")).status == 0
