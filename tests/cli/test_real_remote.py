"""A real daemon from elsewhere: every command over TLS with the admin token, and states that go from one to another."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.authority import Authority
from tests.cli.leaves import LEAVES
from tests.cli.real import RealDaemon
from tests.cli.scripted import Ctl, Result

#: What asks no daemon of the admin interface, or is tried elsewhere.
LOCAL = {
    "serve", "tokens inspect", "config init", "config check", "config doc",
    "context list", "context add", "context use", "context show", "context remove", "cheat",
    "completion show", "completion install", "records check",
}  # fmt: skip
#: Those that load a daemon for a while, by its public ports.
LOADS = {"bench connect", "bench publish", "bench fanout", "bench latency", "bench storm"}
SHOP = """\
[[clients]]
name = "declared"
url = "https://declared.example"
[[keys]]
name = "orders"
client = "declared"
scopes = ["publish:orders.*"]
[[channels]]
pattern = "orders.*"
max_publications = 50
[[webhooks]]
name = "hook"
url = "http://127.0.0.1:9/"
client = "declared"
"""


class Elsewhere:
    """A daemon that takes admin calls on a port, with a certificate of *authority*."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        chain, key = authority.issue("localhost")
        self.authority = authority
        self.daemon = RealDaemon(folder)
        self.daemon.start(
            "-S", "admin.remote=true", "-S", "admin.remote_host=0.0.0.0", "-S", "admin.remote_port=0",
            "-S", f"server.tls_certificate={chain}", "-S", f"server.tls_key={key}",
        )  # fmt: skip
        listeners = json.loads(self.daemon.ctl("status", "-o", "json"))["listeners"]
        url = next(each["url"] for each in listeners if each["name"] == "admin-remote")
        self.url = url.replace("0.0.0.0", "localhost")
        self.token = self.daemon.ctl("tokens", "admin", "-q")

    def known_to(self, ctl: Ctl, name: str, token: str = "") -> None:
        """Name it *name*, and use it."""
        done = ctl(
            "context", "add", name, "--url", self.url, "--ca-file", str(self.authority.file), "--token-file", "-",
            "--use", "--replace", stdin=(token or self.token).encode(),
        )  # fmt: skip
        assert done.status == 0, done


def started() -> Iterator[Elsewhere]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = Elsewhere(folder, Authority(folder))
    yield running
    running.daemon.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    yield from started()


@pytest.fixture
def other() -> Iterator[Elsewhere]:
    yield from started()


@pytest.fixture
def shop(lonely: Ctl, elsewhere: Elsewhere) -> Ctl:
    elsewhere.known_to(lonely, "shop")
    return lonely


class Tour:
    """Runs commands one after the other, and remembers which."""

    def __init__(self, ctl: Ctl) -> None:
        self._ctl = ctl
        self.been: set[str] = set()

    def __call__(self, line: str, *more: str, status: int = 0, stdin: bytes = b"") -> Result:
        args = [*line.split(), *more]
        self.been.add(max((path for path in PATHS if line.startswith(path)), key=len))
        result = self._ctl(*args, stdin=stdin)
        assert result.status == status, (args, result)
        return result


PATHS = {path.removeprefix("notifyctl ") for path in LEAVES}


@pytest.mark.slow
@pytest.mark.long
def test_every_command_works_from_elsewhere(shop: Ctl, tmp_path: Path):
    run = Tour(shop)
    run("wait ready")
    for line in (
        "status", "keys list", "clients list", "tokens admin", "dead-letters list", "dead-letters export", "stats",
        "subscriptions list", "webhooks list", "queue stats", "queue list", "queue pause", "queue resume",
        "channels list", "connections list", "devices list", "users list", "logs tail", "config show", "config reload",
        "export", "cluster list", "doctor", "dead-letters retry --all --yes", "dead-letters drop --all --yes",
    ):  # fmt: skip
        run(line)
    of_keys(run)
    of_clients(run, tmp_path)
    of_notifications(run)
    of_state(run, tmp_path)
    run("cluster drain nobody --yes", status=3)
    run("subscriptions remove c nobody --yes", status=3)
    run("drain --over 0 --yes")
    assert PATHS - run.been == LOCAL | LOADS


def of_keys(run: Tour) -> None:
    key = run("keys create --name k -o json").json["id"]
    run(f"keys show {key}")
    run(f"keys update {key} --scope users")
    run(f"keys rotate {key} -q")
    run(f"keys revoke {key} --yes")


def of_clients(run: Tour, folder: Path) -> None:
    client = run(f"clients register --name c -q --secret-out {folder / 'secret'}").out.strip()
    run(f"clients show {client}")
    run(f"clients update {client} --url https://c.example")
    run(f"clients rotate-secret {client} --secret-out {folder / 'second'}")
    token = run(f"tokens mint --client {client} --user alice -q").out
    run("tokens verify", stdin=token.encode())
    device = run(f"devices register --client {client} --user alice --token-file - -q", stdin=b"t" * 64).out.strip()
    run(f"devices remove --client {client} {device} --yes")
    run(f"clients remove {client} --yes")


def of_notifications(run: Tour) -> None:
    sent = run("send --channel orders hello -q").out.strip()
    run(f"notifications wait {sent}")
    run(f"notifications show {sent}")
    run(f"notifications cancel {sent}", status=5)
    run("listen orders --since beginning --count 1")
    run("channels show orders")
    run("channels history orders")
    run("channels presence orders")
    run("queue clear --yes")
    run("connections kick nobody --yes", status=3)
    run("dead-letters show nobody", status=3)


def of_state(run: Tour, folder: Path) -> None:
    file = folder / "state.toml"
    file.write_text(SHOP)
    run(f"diff -f {file}", status=1)
    run(f"apply -f {file} --yes --secrets-out {folder / 'keys'}")
    run(f"diff -f {file}")
    run("webhooks secret hook")
    run("webhooks test hook", status=1)
    run("config set log.level debug")
    records = run("records export").out
    run("records import -", "--dry-run", stdin=records.encode())


@pytest.mark.slow
def test_a_state_goes_from_one_daemon_to_an_empty_one(lonely: Ctl, other: Elsewhere, tmp_path: Path):
    file = tmp_path / "state.toml"
    file.write_text(SHOP)
    other.known_to(lonely, "other")
    assert lonely("apply", "-f", str(file), "--yes", "--show-secrets").status == 0
    exported = lonely("export").out.encode()
    assert lonely("diff", "-f", "-", "--prune", stdin=exported).status == 0
    fresh = Elsewhere(Path(tempfile.mkdtemp(prefix="ctl-", dir=other.daemon.folder)), other.authority)
    try:
        fresh.known_to(lonely, "fresh")
        assert lonely("diff", "-f", "-", stdin=exported).status == 1
        assert lonely("apply", "-f", "-", "--yes", "--prune", "--show-secrets", stdin=exported).status == 0
        assert lonely("export").out.encode() == exported
        (hook,) = lonely("webhooks", "list", "-o", "json").json
        (client,) = (each["id"] for each in lonely("clients", "list", "-o", "json").json if each["name"] == "declared")
        assert hook["clientId"] == client
    finally:
        fresh.daemon.stop()


@pytest.mark.slow
def test_who_is_not_let_in(lonely: Ctl, other: Elsewhere, tmp_path: Path):
    other.known_to(lonely, "other", token="not-the-token")
    denied = lonely("keys", "list")
    assert (denied.status, "not-the-token" in denied.err) == (4, False)
    other.known_to(lonely, "other")
    assert lonely("stats", "-o", "json").json["authenticationFailures"] == 1
    stranger = Authority(tmp_path)
    other.authority, known = stranger, other.authority
    other.known_to(lonely, "other")
    assert lonely("status").status == 6
    other.authority = known
    other.daemon.kill()
    assert lonely("status", "--timeout", "5s").status == 6
