"""notifyctl config: everything that needs no daemon."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from notifyctl.configuring.settings import nearest_key
from notifyctl.main import run as run_notifyctl
from notifyd.config import catalogue
from notifyd.config.catalogue import TABLES, service_names
from notifyd.config.example import render_example
from notifyd.config.files import write_file

if TYPE_CHECKING:
    from pathlib import Path


class Ended(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Notifyctl(Protocol):
    def __call__(self, *args: str | Path) -> Ended: ...


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a configuration, in an environment without settings; the folder of notifyd in it."""
    for name in [*os.environ]:
        if name.startswith(("NOTIFYD_", "NOTIFYCTL_", "XDG_")) or name in service_names() or name == "NODE_ENV":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / ".config" / "notifyd"


@pytest.fixture
def notifyctl(home: Path, capsys: pytest.CaptureFixture[str]) -> Notifyctl:
    def call(*args: str | Path) -> Ended:
        capsys.readouterr()
        status = run_notifyctl(["config", *map(str, args)])
        return Ended(status, *capsys.readouterr())

    return call


@pytest.fixture
def file(home: Path) -> Path:
    """A configuration file where it is looked for."""
    home.mkdir(parents=True)
    path = home / "notifyd.toml"
    path.write_text("[server]\nport = 4000 # mine\n")
    return path


def test_init_writes_the_example(notifyctl: Notifyctl, home: Path):
    ended = notifyctl("init", "-q")
    assert ended == (0, f"{home / 'notifyd.toml'}\n", "")
    assert (home / "notifyd.toml").read_text() == render_example()
    assert notifyctl("check").status == 0


def test_init_writes_where_it_is_told(notifyctl: Notifyctl, tmp_path: Path):
    assert notifyctl("init", tmp_path / "a" / "x.toml", "-o", "json").data == {"file": str(tmp_path / "a" / "x.toml")}
    assert (tmp_path / "a" / "x.toml").exists()


def test_init_to_stdout(notifyctl: Notifyctl, home: Path):
    assert notifyctl("init", "-") == (0, render_example(), "")
    assert not home.exists()


def test_init_writes_over_a_file_only_when_told(notifyctl: Notifyctl, file: Path):
    before = file.read_text()
    refused = notifyctl("init")
    assert refused.status == 2
    assert "needs --yes" in refused.err
    assert file.read_text() == before
    assert notifyctl("init", "--yes").status == 0
    assert file.read_text() == render_example()


def test_check_of_a_good_file(notifyctl: Notifyctl, file: Path):
    assert notifyctl("check", "-q") == (0, f"{file}\n", "")
    assert notifyctl("check", "-o", "json").data == {"file": str(file), "overlay": None, "warnings": []}


def test_check_without_any_file(notifyctl: Notifyctl):
    ended = notifyctl("check", "-o", "json")
    assert (ended.status, ended.data["file"]) == (0, None)


def test_check_tells_what_is_wrong_with_the_file_and_the_environment(
    notifyctl: Notifyctl, file: Path, monkeypatch: pytest.MonkeyPatch
):
    file.write_text("[server]\nprot = 4000\n")
    monkeypatch.setenv("MAX_QUEUE_SIZE", "lots")
    assert notifyctl("check") == (
        2,
        "",
        f"Error: {file}:2: server.prot = 4000: unknown key; the nearest key is server.port\n"
        "Error: environment: MAX_QUEUE_SIZE = lots: must be a whole number\n",
    )


def test_check_tells_it_in_json(notifyctl: Notifyctl, file: Path):
    file.write_text("[server]\nport = \n")
    ended = notifyctl("check", "-o", "json")
    error = json.loads(ended.err)["error"]
    assert (ended.status, error["code"], error["exitStatus"]) == (2, "config_invalid", 2)
    assert error["message"] == f"{file}, line 2, column 8: Invalid value"


def test_check_of_a_file_that_is_not_there(notifyctl: Notifyctl, tmp_path: Path):
    ended = notifyctl("check", tmp_path / "none")
    assert (ended.status, ended.out) == (2, "")
    assert "cannot be read: No such file or directory" in ended.err


def test_check_tells_warnings(notifyctl: Notifyctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOST", "0.0.0.0")
    assert "without TLS" in notifyctl("check", "-o", "json").data["warnings"][0]


def test_show_has_every_key(notifyctl: Notifyctl):
    lines = notifyctl("show").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [*catalogue(), *TABLES]
    assert "server.port\t3000" in lines


def test_show_with_origins(notifyctl: Notifyctl, file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEARTBEAT_INTERVAL", "15000")
    assert notifyctl("show", "--origin", "--changed").out.splitlines() == [
        f"server.port\t4000\tfile {file}:2",
        "websocket.heartbeat_interval_seconds\t15.0\tenvironment HEARTBEAT_INTERVAL",
    ]


def test_show_of_some(notifyctl: Notifyctl):
    ended = notifyctl("show", "limits", "server.port", "-o", "json")
    assert [record["key"] for record in ended.data] == [
        "server.port",
        "limits.enabled",
        "limits.requests_per_minute",
        "limits.burst",
    ]
    assert ended.data[0] == {"key": "server.port", "value": 3000}


def test_show_of_a_key_that_is_none(notifyctl: Notifyctl):
    assert notifyctl("show", "server.prot") == (
        3,
        "",
        "Error: There is no key or section server.prot; the nearest key is server.port.\n",
    )


def test_show_has_the_rules_of_channels(notifyctl: Notifyctl, file: Path):
    file.write_text("[[channels]]\npattern = 'orders.*'\nmax_publications = 5\n")
    rules = notifyctl("show", "channels", "-o", "json").data[0]["value"]
    open_to_users = dict.fromkeys(("users_subscribe", "users_publish", "presence", "join_leave"), False)
    assert rules == [{"pattern": "orders.*", "max_publications": 5, **open_to_users}]


def test_show_has_the_webhooks(notifyctl: Notifyctl, file: Path):
    file.write_text("[[webhooks]]\nname = 'a'\nurl = 'http://h/x'\nsecret_file = '/s'\n")
    shown = notifyctl("show", "webhooks", "-o", "json").data[0]["value"]
    assert shown == [{"name": "a", "url": "http://h/x", "events": [], "client": "", "secret_file": "/s"}]


def test_show_reads_no_dotenv(notifyctl: Notifyctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("PORT=1\n")
    monkeypatch.chdir(tmp_path)
    assert notifyctl("show", "server.port").out == "server.port\t3000\n"


@pytest.mark.parametrize("variable", ["NOTIFYCTL_CONFIG", "NOTIFYD_CONFIG"])
def test_the_environment_may_name_the_file(
    notifyctl: Notifyctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
):
    (tmp_path / "x.toml").write_text("[server]\nport = 1\n")
    monkeypatch.setenv(variable, str(tmp_path / "x.toml"))
    assert notifyctl("show", "server.port").out == "server.port\t1\n"


def test_set_writes_the_overlay_and_leaves_the_file(notifyctl: Notifyctl, file: Path):
    before = file.read_text()
    ended = notifyctl("set", "log.level", "WARN", "-q")
    written = file.with_name("notifyd.overlay.toml")
    assert ended == (0, f"{written}\n", "A running daemon takes it over with `notifyctl config reload`.\n")
    assert 'level = "warning"' in written.read_text()
    assert file.read_text() == before
    assert notifyctl("show", "log.level", "--origin").out == f"log.level\twarning\toverlay {written}:4\n"


def test_set_keeps_what_the_overlay_holds(notifyctl: Notifyctl, file: Path):
    notifyctl("set", "server.trusted_proxies", "10.0.0.0/8, 192.0.2.1")
    assert "a restart" in notifyctl("set", "server.backlog", "64").err
    assert notifyctl("set", "websocket.close_seconds", "2.5").status == 0
    shown = notifyctl("show", "--changed", "-o", "json").data
    assert {record["key"]: record["value"] for record in shown} == {
        "server.port": 4000,
        "server.trusted_proxies": ["10.0.0.0/8", "192.0.2.1"],
        "server.backlog": 64,
        "websocket.close_seconds": 2.5,
    }


def test_set_needs_no_file(notifyctl: Notifyctl, home: Path):
    assert notifyctl("set", "server.port", "1").status == 0
    assert notifyctl("show", "server.port", "--origin").out.endswith(f"overlay {home / 'notifyd.overlay.toml'}:4\n")


def test_set_reads_stdin(notifyctl: Notifyctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("debug\n"))
    assert notifyctl("set", "log.level", "-").status == 0
    assert notifyctl("show", "log.level").out == "log.level\tdebug\n"


def test_set_says_when_the_environment_lies_over_it(notifyctl: Notifyctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "7")
    assert notifyctl("set", "server.port", "8").err == "environment PORT lies over it and counts.\n"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("server.prot", "1"), "server.prot: unknown key; the nearest key is server.port"),
        (("server.port", "x"), "server.port = x: must be a whole number"),
        (("server.port", "3001"), "must differ from server.port"),
        (("broker.url", "redis://u:hunter2#@h"), "broker.url = ***: must look like redis://"),
        (("channels", "x"), "channels: unknown key"),
        (("server.port",), "Give a value or --unset"),
        (("server.port", "1", "--unset"), "Give a value or --unset"),
    ],
)
def test_set_refuses_what_would_not_start(notifyctl: Notifyctl, home: Path, args: tuple[str, ...], complaint: str):
    ended = notifyctl("set", *args)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert "hunter2" not in ended.err
    assert not home.exists()


def test_set_refuses_to_lie_over_a_named_file_that_is_not_there(notifyctl: Notifyctl, tmp_path: Path):
    ended = notifyctl("set", "server.port", "1", "--config", tmp_path / "none.toml")
    assert ended.status == 2
    assert not (tmp_path / "none.overlay.toml").exists()


def test_unset_takes_a_key_out_again(notifyctl: Notifyctl, file: Path):
    notifyctl("set", "server.port", "5")
    notifyctl("set", "log.level", "debug")
    assert notifyctl("set", "server.port", "--unset").status == 0
    assert notifyctl("show", "--changed").out == "server.port\t4000\nlog.level\tdebug\n"


def test_unset_of_what_is_not_there(notifyctl: Notifyctl):
    assert notifyctl("set", "log.level", "--unset").status == 3


def test_unset_repairs_an_overlay_with_a_key_that_is_none(notifyctl: Notifyctl, file: Path):
    written = file.with_name("notifyd.overlay.toml")
    written.write_text("[log]\nlevle = 'debug'\n")
    assert notifyctl("check").status == 2
    assert notifyctl("set", "log.levle", "--unset").status == 0
    assert notifyctl("check").status == 0


def test_set_says_what_is_wrong_with_a_malformed_overlay(notifyctl: Notifyctl, file: Path):
    file.with_name("notifyd.overlay.toml").write_text("[log\n")
    ended = notifyctl("set", "server.port", "1")
    assert ended.status == 2
    assert "notifyd.overlay.toml, line 1" in ended.err


def test_overlay_may_be_read_by_whoever_may_read_the_file(tmp_path: Path):
    beside = tmp_path / "n.toml"
    beside.touch(0o640)
    beside.chmod(0o640)
    write_file(tmp_path / "o.toml", "x = 1\n", beside=beside)
    assert stat.S_IMODE((tmp_path / "o.toml").stat().st_mode) == 0o640


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path):
    (tmp_path / "o.toml").mkdir()
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path / "o.toml", "x = 1\n", beside=tmp_path / "none")
    assert [path.name for path in tmp_path.iterdir()] == ["o.toml"]


def test_a_folder_that_cannot_be_written_to_is_said(notifyctl: Notifyctl, tmp_path: Path):
    (tmp_path / ".config").touch()
    ended = notifyctl("init")
    assert (ended.status, ended.out) == (1, "")
    assert "Error: " in ended.err


def test_the_nearest_key_is_the_nearest():
    assert nearest_key("max_queue") == "delivery.max_queue_size"


def test_show_loads_neither_the_daemon_nor_grpc(home: Path):
    code = (
        "import sys; from notifyctl.main import run; run(['config', 'show', '-q']);"
        "print(*[name for name in ('trio', 'grpc', 'google.protobuf', 'rich', 'sqlite3', 'structlog', 'asyncio')"
        " if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "\n"
    assert done.stdout.startswith("server.host\n")
