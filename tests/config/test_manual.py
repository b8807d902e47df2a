"""notifyd.toml(5) against the code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from notifyd.config.catalogue import TABLES, catalogue, service_names, table_keys

MAN = Path(__file__).parents[2] / "man"
PAGE = MAN / "notifyd.toml.5"
needs_mandoc = pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_generated_files_are_up_to_date():
    result = run(sys.executable, MAN / "generate.py", "--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_every_key_and_variable_stands_once():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    items = [line.split()[2] for line in lines if line.startswith((".It Ic ", ".It Ev "))]
    tables = [entry for table in TABLES for entry in table_keys(table).values()]
    names = [entry.name for entry in (*catalogue().values(), *tables)]
    assert sorted(item for item in items if item.islower()) == sorted(names)
    assert set(service_names()) <= set(items)


@needs_mandoc
def test_page_is_clean():
    complaints = run("mandoc", "-T", "lint", PAGE).stdout.splitlines()
    assert [line for line in complaints if "referenced manual not found" not in line] == []


@needs_mandoc
def test_page_reads_as_meant():
    page = " ".join(run("mandoc", "-T", "utf8", "-O", "width=1000", PAGE).stdout.replace("\b", "\0").split())
    plain = "".join(page[i] for i in range(len(page)) if page[i] != "\0" and page[i + 1 : i + 2] != "\0")
    assert 'host = "127.0.0.1" Address to listen on' in plain
    assert "HEARTBEAT_INTERVAL websocket.heartbeat_interval_seconds in milliseconds" in plain
    assert "Flag: --port." in plain
