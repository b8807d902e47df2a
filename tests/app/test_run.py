"""How a start that fails ends: one sentence on standard error, and a status."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trio

if TYPE_CHECKING:
    from pathlib import Path


def serve(folder: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    options = [f"server.state_dir={folder}", f"server.admin_socket={folder / 'a'}", "log.console=false", *settings]
    return subprocess.run(
        [sys.executable, "-m", "notifyctl", "serve", *[word for option in options for word in ("-S", option)]],
        env={"HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = serve(tmp_path, f"server.port={port}", "server.ws_port=0", "server.grpc_port=0")
    assert ended.returncode == 1
    assert ended.stderr == f"notifyd: cannot listen on 127.0.0.1:{port} (server.port): Address already in use\n"


@pytest.mark.slow  # the port is the quick round
def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = serve(tmp_path, "server.tls_certificate=/no/cert.pem", "server.tls_key=/no/key.pem")
    assert ended.returncode == 1
    assert ended.stderr.startswith("notifyd: TLS: cannot use /no/cert.pem with /no/key.pem")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["broker.db", pytest.param("records.db", marks=pytest.mark.slow)])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a database, for sure, and long enough to be looked at" * 100)
    ended = serve(tmp_path, "server.port=0", "server.ws_port=0", "server.grpc_port=0")
    assert (ended.returncode, ended.stderr.count("\n"), name in ended.stderr) == (1, 1, True)


async def test_drivers_are_for_those_who_use_their_engines() -> None:
    drivers = ("redis", "hiredis", "pymongo", "firebase_admin", "bullmq")
    program = f"import sys, notifyd.app.run; sys.exit(', '.join(sys.modules.keys() & {drivers}) or 0)"
    with trio.fail_after(30):
        await trio.run_process([sys.executable, "-c", program])
