"""A daemon elsewhere: over TLS with the admin token, or a sentence that says why not."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from notifyctl.daemons import contexts
from notifyd.v1 import admin_pb2 as pb
from tests.app.listeners.test_tls import make
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

TOKEN = "the-admin-token"


class RemoteAdmin(Admin):
    """A scripted daemon on a port of loopback, which asks for the token; with a certificate it speaks TLS."""

    def __init__(self, certificate: tuple[Path, Path] | None) -> None:
        super().__init__(Path())
        self._certificate = certificate
        self.port = 0

    def start(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=[self._handlers()])
        if self._certificate is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            chain, key = (path.read_bytes() for path in self._certificate)
            self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)]))
        self._server.start()

    def does(self, method: str, script: Any) -> None:
        def asked(request: Any, context: grpc.ServicerContext) -> Any:
            if dict(context.invocation_metadata()).get("authorization") != f"Bearer {TOKEN}":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "this is not the admin token")
            return script(request, context)

        super().does(method, asked)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def remote(certificate: tuple[Path, Path]) -> Iterator[RemoteAdmin]:
    served = RemoteAdmin(certificate)
    served.start()
    served.answers("GetStatus", samples.status())
    yield served
    served.stop()


@pytest.fixture
def shop(lonely: Ctl, remote: RemoteAdmin, certificate: tuple[Path, Path]) -> Ctl:
    """The command line with *remote* as the context `shop`."""
    add(lonely, f"grpcs://localhost:{remote.port}", "--ca-file", str(certificate[0]))
    return lonely


def add(ctl: Ctl, url: str, *options: str, token: str = TOKEN) -> None:
    args = ("context", "add", "shop", "--url", url, "--token-file", "-", "--replace", "--use", *options)
    assert ctl(*args, stdin=token.encode()).status == 0


def test_the_token_goes_with_every_call(shop: Ctl):
    assert shop("status", "-o", "json").json["state"] == "ready"


def test_streams_carry_it_too(shop: Ctl, remote: RemoteAdmin):
    remote.answers("TailLogs", [pb.LogRecord(event="started", level="info")])
    assert "started" in shop("logs", "tail", "-o", "json").out


def test_a_wrong_token_is_denied_and_not_shown(shop: Ctl, remote: RemoteAdmin, certificate: tuple[Path, Path]):
    add(shop, f"grpcs://localhost:{remote.port}", "--ca-file", str(certificate[0]), token="wrong-token")
    result = shop("status")
    assert (result.status, "wrong-token" in result.err) == (4, False)


def test_a_token_that_others_can_read_by_now_is_not_sent(shop: Ctl, remote: RemoteAdmin):
    contexts.token_file("shop").chmod(0o644)
    result = shop("status")
    assert (result.status, remote.requests, "chmod 600" in result.err) == (4, [], True)


def test_a_ca_that_did_not_issue_the_certificate(shop: Ctl, remote: RemoteAdmin, tmp_path: Path):
    other, _ = make(tmp_path, "other")
    add(shop, f"grpcs://localhost:{remote.port}", "--ca-file", str(other))
    result = shop("status", "-o", "json")
    # in this process the library was imported by others, and says what it has to say too
    problem = json.loads(result.err.splitlines()[-1])["error"]
    assert (result.status, problem["code"]) == (6, "untrusted")
    assert "--ca-file" in problem["message"]


def test_the_system_does_not_trust_everybody(shop: Ctl, remote: RemoteAdmin):
    add(shop, f"grpcs://localhost:{remote.port}")
    assert (shop("status").status, remote.requests) == (6, [])


def test_a_certificate_of_another_name(shop: Ctl, remote: RemoteAdmin, certificate: tuple[Path, Path]):
    url, ca = f"grpcs://127.0.0.1:{remote.port}", str(certificate[0])
    add(shop, url, "--ca-file", ca)
    result = shop("status")
    assert (result.status, "--server-name" in result.err) == (6, True)
    add(shop, url, "--ca-file", ca, "--server-name", "localhost")
    assert shop("status").status == 0


def test_without_tls_on_loopback(lonely: Ctl):
    plain = RemoteAdmin(None)
    plain.start()
    plain.answers("GetStatus", samples.status())
    try:
        add(lonely, f"grpc://127.0.0.1:{plain.port}")
        assert lonely("status").status == 0
        add(lonely, f"grpcs://127.0.0.1:{plain.port}")
        result = lonely("status")
    finally:
        plain.stop()
    assert (result.status, "does not speak TLS" in result.err) == (6, True)


def test_tls_where_none_is_expected(shop: Ctl, remote: RemoteAdmin):
    add(shop, f"grpc://127.0.0.1:{remote.port}")
    result = shop("status")
    assert (result.status, "wants TLS" in result.err) == (6, True)


def test_nobody_listens(lonely: Ctl):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        add(lonely, f"grpc://127.0.0.1:{port}")
        result = lonely("status")
    assert (result.status, "connection refused" in result.err) == (6, True)


def test_who_never_answers_is_waited_for_as_long_as_was_said(lonely: Ctl):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        add(lonely, f"grpcs://127.0.0.1:{silent.getsockname()[1]}")
        result = lonely("status", "--timeout", "300ms")
    assert (result.status, "0.3 s" in result.err) == (6, True)


def test_a_name_that_nobody_has(lonely: Ctl):
    add(lonely, "grpcs://no.such.host.invalid")
    result = lonely("status", "--timeout", "5s")
    assert (result.status, "no.such.host.invalid:50052" in result.err) == (6, True)


def test_settings_are_changed_where_the_daemon_is(shop: Ctl, remote: RemoteAdmin):
    value = pb.ConfigValue(key="log.level", value='"debug"', origin="overlay /etc/o.toml:3")
    remote.answers("GetConfig", pb.GetConfigResponse(values=[value]))
    remote.answers("ChangeConfig", pb.ChangeConfigResponse(overlay="/etc/o.toml", applied=["log.level"]))
    told = shop("config", "set", "log.level", "debug", "-o", "json").json
    assert (told["value"], told["file"]) == ("debug", "/etc/o.toml")
    (asked, _) = remote.requests
    assert [(change.key, change.value) for change in asked.changes] == [("log.level", '"debug"')]
    assert shop("config", "show", "log.level", "-o", "json").json == [{"key": "log.level", "value": "debug"}]
    assert shop("config", "set", "log.level", "loud").status == 2
    assert shop("config", "set", "log.level", "debug", "--config", "x.toml").status == 2


def test_a_doctor_is_not_asked_about_this_machine_for_another(lonely: Ctl):
    add(lonely, "grpc://127.0.0.1:1")
    result = lonely("doctor", "-o", "json")
    assert (result.status, result.out) == (6, "")


def test_no_token_is_sent_to_a_socket_of_this_machine(shop: Ctl, admin: Admin):
    seen: list[Any] = []

    def status(request: Any, context: grpc.ServicerContext) -> pb.Status:
        seen.extend(name for name, _ in context.invocation_metadata())
        return samples.status()

    admin.does("GetStatus", status)
    assert shop("status", "--socket", str(admin.socket)).status == 0
    assert "authorization" not in seen


def test_a_daemon_of_another_version_is_called_that(lonely: Ctl, folder: Path, monkeypatch: pytest.MonkeyPatch):
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_insecure_port(f"unix:{folder / 'old.sock'}")
    server.start()
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(folder / "old.sock"))
    result = lonely("status")
    server.stop(None).wait()
    assert (result.status, "another version" in result.err) == (1, True)
