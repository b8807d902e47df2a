from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from notifyd.app.showing.panel import panel_text, program, show_panel
from notifyd.service.daemon import Listener

if TYPE_CHECKING:
    from pathlib import Path

LISTENERS = [
    Listener("admin", "unix:/run/it's/admin.sock"),
    Listener("http", "http://127.0.0.1:3000"),
    Listener("ws", "ws://127.0.0.1:3001"),
    Listener("grpc", "grpc://127.0.0.1:50051"),
]


def test_it_names_the_addresses_and_three_commands() -> None:
    lines = panel_text(LISTENERS, "notifyctl", "").splitlines()
    assert lines[:6] == [
        "REST and WebSocket  http://127.0.0.1:3000",
        "WebSocket           ws://127.0.0.1:3001",
        "Socket.IO           http://127.0.0.1:3000/client-{clientId}",
        "gRPC                grpc://127.0.0.1:50051",
        "Try it out          http://127.0.0.1:3000/api/docs",
        "Console             http://127.0.0.1:3000/console",
    ]
    assert lines[-3:] == [
        "notifyctl keys create --name demo",
        "notifyctl listen updates &",
        'notifyctl send --channel updates "Hello"',
    ]


def test_what_is_not_served_is_not_named() -> None:
    text = panel_text(LISTENERS[:2], "notifyctl", "")
    assert ("ws://" in text, "grpc://" in text) == (False, False)
    assert "console" not in panel_text(LISTENERS, "notifyctl", "", console=False)


def test_a_socket_that_would_not_be_found_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    show_panel(LISTENERS, default_socket=False)
    assert capsys.readouterr().out.count("""--socket '/run/it'"'"'s/admin.sock'""") == 3
    show_panel(LISTENERS, default_socket=True)
    assert "--socket" not in capsys.readouterr().out


def test_on_a_terminal_it_is_framed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    show_panel(LISTENERS, default_socket=True)
    shown = capsys.readouterr().out
    assert "development mode" in shown
    assert "notifyctl keys create --name demo" in shown


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a notifyctl beside the running program."""
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "notifyctl").touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(folder / "notifyd")])
    return folder


def test_it_is_called_by_name_where_the_shell_finds_it(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(beside))
    assert program() == "notifyctl"


def test_else_by_its_path(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == f"'{beside}/notifyctl'"
    monkeypatch.chdir(beside.parent)
    assert program() == "'a b/notifyctl'"


def test_where_there_is_none_beside_it_the_name_must_do(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (beside / "notifyctl").unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == "notifyctl"
