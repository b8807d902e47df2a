"""Contexts: names for daemons, and which daemon a command is about."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifyctl.daemons import contexts
from notifyctl.daemons.contexts import Context, Contexts
from notifyctl.daemons.remote import Remote, parse_url
from notifyctl.exits import Refusal
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

TOKEN = "the-admin-token-of-shop"


@pytest.fixture
def second(folder: Path) -> Iterator[Admin]:
    """Another daemon, which says that it is draining."""
    served = Admin(folder / "b.sock")
    served.start()
    served.answers("GetStatus", samples.status(state="draining"))
    yield served
    served.stop()


@pytest.fixture
def both(lonely: Ctl, admin: Admin, second: Admin) -> Ctl:
    """The command line with the contexts `a` and `b`."""
    admin.answers("GetStatus", samples.status())
    for name, each in (("a", admin), ("b", second)):
        assert lonely("context", "add", name, "--socket", str(each.socket), "-q").out == f"{name}\n"
    return lonely


def state(ctl: Ctl, *args: str) -> str:
    return str(ctl(*args, "-o", "json").json["state"])


def test_a_context_leads_to_its_daemon(both: Ctl):
    assert state(both, "status", "--context", "a") == "ready"
    assert state(both, "--context", "b", "status") == "draining"


def test_the_one_in_use_counts_where_nothing_is_said(both: Ctl, admin: Admin):
    assert both("status").status == 6
    assert both("context", "use", "b").status == 0
    assert state(both, "status") == "draining"
    assert state(both, "status", "--context", "a") == "ready"
    assert state(both, "status", "--socket", str(admin.socket)) == "ready"
    assert both("context", "use", "default").status == 0
    assert both("status").status == 6


def test_what_counts_more(both: Ctl, admin: Admin, second: Admin, monkeypatch: pytest.MonkeyPatch):
    both("context", "use", "b")
    monkeypatch.setenv("NOTIFYCTL_CONTEXT", "a")
    assert state(both, "status") == "ready"
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(second.socket))
    assert state(both, "status") == "draining"
    assert state(both, "status", "--context", "a") == "ready"
    assert state(both, "--context", "a", "status") == "ready"
    assert state(both, "status", "--socket", str(admin.socket)) == "ready"
    monkeypatch.setenv("NOTIFYCTL_CONTEXT", "nobody")
    assert state(both, "status", "--socket", str(admin.socket)) == "ready"


@pytest.mark.parametrize(
    "args", [["status", "--socket", "/x", "--context", "a"], ["--context", "a", "status", "--socket", "/x"]]
)
def test_two_daemons_at_once_are_a_mistake(both: Ctl, args: list[str]):
    assert both(*args).status == 2


def test_a_context_that_is_not_there(both: Ctl):
    result = both("status", "--context", "c", "-o", "json")
    assert (result.status, result.error["code"]) == (3, "no_such_context")
    assert "default, a, b" in result.err


def test_a_context_that_is_gone_stops_only_what_needs_a_daemon(both: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_CONTEXT", "gone")
    assert both("context", "list", "-q").lines == ["default", "a", "b"]
    assert both("config", "check").status == 0
    assert both("status").status == 3


def test_lists_and_shows(both: Ctl):
    both("context", "use", "a")
    listed = both("context", "list", "-o", "json").json
    assert [(each["name"], each["current"]) for each in listed] == [("default", False), ("a", True), ("b", False)]
    assert both("context", "show", "-o", "json").json["name"] == "a"
    assert both("context", "show", "b", "-o", "json").json["place"].endswith("/b.sock")
    assert both("context", "show", "c").status == 3


def test_names_complete(both: Ctl):
    from notifyctl.completing.offers import context_names

    assert context_names("") == ["default", "a", "b"]
    assert context_names("d") == ["default"]


def test_removing_one_asks_and_goes_back_to_the_default(both: Ctl):
    both("context", "use", "a")
    assert both("context", "remove", "a").status == 2
    assert both("context", "remove", "a", "--yes").status == 0
    assert both("context", "list", "-q").lines == ["default", "b"]
    assert both("context", "show", "-q").out == "default\n"
    assert both("context", "remove", "default", "--yes").status == 5


def test_a_name_is_taken_once(both: Ctl, admin: Admin):
    again = ("context", "add", "b", "--socket", str(admin.socket))
    assert both(*again).status == 5
    assert both(*again, "--replace", "--use").status == 0
    assert state(both, "status") == "ready"


@pytest.mark.parametrize("name", ["default", "", "a b", "../x", "-x", "x" * 65])
def test_names_that_cannot_be(lonely: Ctl, name: str):
    assert lonely("context", "add", "--socket", "/x", "--", name).status == 2


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--socket", "/x", "--url", "grpcs://a.example", "--token-file", "-"],
        ["--socket", "/x", "--ca-file", "/ca"],
        ["--url", "grpcs://a.example"],
        ["--url", "https://a.example", "--token-file", "-"],
        ["--url", "grpcs://a.example/path", "--token-file", "-"],
        ["--url", "grpcs://:1", "--token-file", "-"],
        ["--url", "grpcs://a.example:port", "--token-file", "-"],
        ["--url", "grpcs://user:secret@a.example", "--token-file", "-"],
        ["--url", "grpc://a.example", "--token-file", "-"],
        ["--url", "grpcs://a.example", "--token-file", "-", "--ca-file", "/nowhere.pem"],
    ],
)
def test_places_that_are_none(lonely: Ctl, args: list[str]):
    result = lonely("context", "add", "x", *args, stdin=TOKEN.encode())
    assert (result.status, "secret" in result.err) == (2, False)
    assert lonely("context", "list", "-q").lines == ["default"]


def test_a_token_from_stdin_is_kept_for_its_owner_alone(lonely: Ctl):
    made = lonely("context", "add", "shop", "--url", "grpcs://shop.example", "--token-file", "-", stdin=TOKEN.encode())
    place = contexts.token_file("shop")
    assert (made.status, place.read_text(), stat.S_IMODE(place.stat().st_mode)) == (0, f"{TOKEN}\n", 0o600)
    assert stat.S_IMODE(contexts.file().stat().st_mode) == 0o600
    assert stat.S_IMODE(contexts.folder().stat().st_mode) == 0o700
    assert TOKEN not in made.out + made.err + contexts.file().read_text()
    assert lonely("context", "remove", "shop", "--yes").status == 0
    assert not place.exists()


@pytest.mark.parametrize(
    ("content", "mode", "status"),
    [
        ("t", 0o644, 4),
        ("t", 0o640, 4),
        ("", 0o600, 2),
        ("two words", 0o600, 2),
        ("caf\u00e9", 0o600, 2),
        ("t", 0o600, 0),
    ],
)
def test_a_token_file_is_looked_at(lonely: Ctl, tmp_path: Path, content: str, mode: int, status: int):
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(mode)
    result = lonely("context", "add", "shop", "--url", "grpcs://shop.example", "--token-file", str(file))
    assert result.status == status
    assert ("chmod 600" in result.err) is (status == 4)


def test_a_token_file_that_is_no_file(lonely: Ctl, tmp_path: Path):
    (tmp_path / "pipe").touch()
    os.remove(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe", 0o600)
    args = ("context", "add", "shop", "--url", "grpcs://shop.example", "--token-file")
    assert lonely(*args, str(tmp_path / "pipe")).status == 2
    assert lonely(*args, str(tmp_path / "nothing")).status == 3


def test_a_ca_file_that_is_none(lonely: Ctl, tmp_path: Path):
    (tmp_path / "ca.pem").write_text("-----BEGIN NONSENSE-----\n")
    args = ("--url", "grpcs://shop.example", "--token-file", "-", "--ca-file", str(tmp_path / "ca.pem"))
    result = lonely("context", "add", "shop", *args, stdin=TOKEN.encode())
    assert (result.status, "no certificate in PEM" in result.err) == (2, True)


def test_a_file_that_others_may_change_is_not_trusted(both: Ctl):
    contexts.file().chmod(0o666)
    result = both("status", "--context", "a")
    assert (result.status, "chmod 600" in result.err) == (2, True)


@pytest.mark.parametrize(
    "text", ["x", "current = 5", "contexts = 5", "[contexts.a]\nsokcet = '/x'", "[contexts.a]\nsocket = 5",
             "[contexts]\na = 5", "[contexts.a]\nurl = 'http://x'"],
)  # fmt: skip
def test_a_file_that_is_none_is_a_mistake(lonely: Ctl, text: str):
    contexts.file().parent.mkdir(parents=True)
    contexts.file().write_text(text)
    contexts.file().chmod(0o600)
    result = lonely("context", "list")
    assert (result.status, result.out) == (2, "")


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    remote = Remote("::1", 5, secure=True, ca_file="/ca.pem", server_name="n", token_file="/t")
    saved = Contexts("b", {"a": Context("a", "/a.sock"), "b": Context("b", remote=remote)})
    assert contexts.load(contexts.save(saved, tmp_path / "c.toml")) == saved


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("grpcs://a.example", "a.example:50052"),
        ("grpcs://a.example:7", "a.example:7"),
        ("grpc://127.0.0.1:7", "127.0.0.1:7"),
        ("grpc://[::1]", "[::1]:50052"),
        ("grpc://localhost:7/", "localhost:7"),
    ],
)
def test_urls(url: str, place: str):
    remote = parse_url(url)
    assert remote.place == place
    assert parse_url(remote.url) == remote


def test_an_unknown_context_names_those_that_there_are():
    with pytest.raises(Refusal, match="default, a"):
        Contexts("default", {"a": Context("a")}).find("b")
