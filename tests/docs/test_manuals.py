"""notifyd(8) against the code, and the form of both pages."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from notifyctl.exits import Status
from notifyctl.program import tree
from notifyd.app import run
from tests.docs.pages import MAN, items, needs, page, section
from tests.e2e.daemon import run as run_beside
from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

PAGE = page("notifyd.8")
PAGES = ("notifyd.8", "notifyd-protocol.7")


def test_exit_statuses_are_those_of_the_code():
    told = {int(status) for status in items(section(PAGE, "EXIT STATUS"))}
    assert told == {run.OK, run.FAILED, run.CONFLICT, Status.USAGE}


def test_options_are_those_of_the_command():
    serve = tree().get_command(None, "serve")
    long = {name for parameter in serve.params for name in parameter.opts if name.startswith("--")}
    told = re.findall(r"^\.It Fl .*?\\-([a-z-]+)", section(PAGE, "DESCRIPTION"), re.MULTILINE)
    assert {f"--{name}" for name in told} == long | {"--help", "--version"}


@within(30)
async def test_files_of_the_state_folder_are_told(start: Starter):
    daemon = await start("broker.durability=os", dev=False)
    names = {path.name.removesuffix("-wal").removesuffix("-shm") for path in daemon.state_dir.iterdir()}
    assert names == set(items(section(PAGE, "FILES"), "Pa")) & names
    assert {"broker.db", "records.db", "admin.token", "lock"} <= names


@pytest.mark.slow  # tests/e2e/test_lifecycle.py is the quick round
@within(30)
async def test_second_daemon_exits_with_the_status_told(service: Daemon):
    second = await run_beside(service.command(), service)
    assert second.status == run.CONFLICT
    assert str(service.process.pid) in second.err


@needs("mandoc")
@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean(name: str):
    lint = ["mandoc", "-T", "lint", "-W", "warning", MAN / name]
    result = subprocess.run(lint, capture_output=True, text=True, timeout=30, check=False)
    assert (result.stdout, result.stderr) == ("", "")
