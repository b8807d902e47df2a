"""notifyctl clients: applications and where their secrets go."""

import stat
from pathlib import Path

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

MADE = pb.RegisteredClient(client=samples.client(), secret="m4de")
REGISTER = ("clients", "register", "--name", "shop")


@pytest.fixture(autouse=True)
def _registering(admin: Admin):
    admin.answers("RegisterClient", MADE)
    admin.answers("RotateClientSecret", MADE)


def test_a_secret_that_was_made_is_shown_once(ctl: Ctl):
    record = ctl(*REGISTER, "-o", "json").json
    assert (record["id"], record["secret"], record["cookieName"]) == ("c_shop", "m4de", "sid")
    assert ctl(*REGISTER).lines[:2] == ["id\tc_shop", "secret\tm4de"]


def test_a_person_is_told_to_keep_it(ctl: Ctl):
    result = ctl(*REGISTER, "-o", "table")
    assert ("m4de" in result.out, "Keep the secret now" in result.err) == (True, True)


def test_what_register_asks_for(ctl: Ctl, admin: Admin):
    ctl(*REGISTER, "--url", "https://a.example", "--description", "d", "--cookie-name", "c", "--id", "65f1")
    assert admin.requests[-1] == pb.RegisterClientCommand(
        name="shop", url="https://a.example", description="d", cookie_name="c", id="65f1"
    )


def test_a_secret_of_ones_own_from_stdin(ctl: Ctl, admin: Admin):
    admin.answers("RegisterClient", pb.RegisteredClient(client=samples.client()))
    result = ctl(*REGISTER, "--secret-file", "-", "-o", "json", stdin=b"  my secret \r\n")
    assert admin.requests[-1].secret == "my secret"
    assert result.json["secret"] is None
    assert "my secret" not in result.out + result.err


def test_a_secret_of_ones_own_from_a_file_leaves_the_id_alone(ctl: Ctl, admin: Admin, tmp_path: Path):
    (tmp_path / "s").write_text("from a file\n")
    admin.answers("RegisterClient", pb.RegisteredClient(client=samples.client()))
    result = ctl(*REGISTER, "--secret-file", str(tmp_path / "s"), "-q")
    assert (admin.requests[-1].secret, result.out, result.err) == ("from a file", "c_shop\n", "")


def test_no_secret_is_ever_an_argument(ctl: Ctl):
    assert ctl(*REGISTER, "--secret", "s").status == 2


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"x" * 70_000])
def test_a_file_without_a_secret_is_usage(ctl: Ctl, admin: Admin, tmp_path: Path, content: bytes):
    (tmp_path / "s").write_bytes(content)
    assert ctl(*REGISTER, "--secret-file", str(tmp_path / "s")).status == 2
    assert not admin.requests


def test_quiet_would_lose_the_secret(ctl: Ctl, admin: Admin):
    result = ctl(*REGISTER, "-q")
    assert (result.status, result.out) == (2, "")
    assert "--secret-out" in result.err
    assert not admin.requests


def test_a_secret_goes_into_a_file_that_only_its_owner_reads(ctl: Ctl, tmp_path: Path):
    place = tmp_path / "s"
    result = ctl(*REGISTER, "--secret-out", str(place), "-q")
    assert (result.out, place.read_text(), stat.S_IMODE(place.stat().st_mode)) == ("c_shop\n", "m4de\n", 0o600)


def test_a_secret_in_a_file_is_not_on_stdout(ctl: Ctl, tmp_path: Path):
    result = ctl(*REGISTER, "--secret-out", str(tmp_path / "s"), "-o", "json")
    assert result.json["secret"] is None
    assert "m4de" not in result.out + result.err


def test_an_existing_file_is_left_alone_and_nothing_is_asked(ctl: Ctl, admin: Admin, tmp_path: Path):
    (tmp_path / "s").write_text("precious")
    assert ctl(*REGISTER, "--secret-out", str(tmp_path / "s")).status == 5
    assert ((tmp_path / "s").read_text(), admin.requests) == ("precious", [])


def test_a_refusal_leaves_no_empty_file(ctl: Ctl, admin: Admin, tmp_path: Path):
    admin.refuses("RegisterClient", grpc.StatusCode.INVALID_ARGUMENT, "no")
    assert ctl(*REGISTER, "--secret-out", str(tmp_path / "s")).status == 2
    assert not (tmp_path / "s").exists()


def test_every_problem_of_a_registration_is_shown(ctl: Ctl, admin: Admin):
    problems = "appName must be shorter; clientSecret must have 8 to 1024 characters; cookieName must be a word"
    admin.refuses("RegisterClient", grpc.StatusCode.INVALID_ARGUMENT, problems, notifyd_code="invalid_client")
    result = ctl(*REGISTER)
    assert result.status == 2
    assert result.err.splitlines() == [
        "Error: --name must be shorter",
        "the secret must have 8 to 1024 characters",
        "--cookie-name must be a word",
    ]
    assert ctl(*REGISTER, "-o", "json").error["code"] == "invalid_client"


def test_warnings_go_to_stderr(ctl: Ctl, admin: Admin):
    warned = pb.RegisteredClient(client=samples.client(), warnings=["The secret is short."])
    admin.answers("RegisterClient", warned)
    result = ctl(*REGISTER, "--secret-file", "-", "-q", stdin=b"shortish")
    assert (result.status, result.out, result.err) == (0, "c_shop\n", "Warning: The secret is short.\n")


def test_rotate_hands_the_overlap_over_only_when_given(ctl: Ctl, admin: Admin):
    ctl("clients", "rotate-secret", "c_shop", "--overlap", "1d", "--secret-file", "-", stdin=b"new")
    assert admin.requests[-1] == pb.RotateClientSecretRequest(id="c_shop", secret="new", overlap_seconds=86400)
    ctl("clients", "rotate-secret", "c_shop")
    assert admin.requests[-1] == pb.RotateClientSecretRequest(id="c_shop")


def test_list_and_show(ctl: Ctl, admin: Admin):
    admin.answers("ListClients", pb.ListClientsResponse(clients=[samples.client(), samples.client(id="c_2")]))
    admin.answers("GetClient", samples.client())
    assert ctl("clients", "list", "-q").lines == ["c_shop", "c_2"]
    shown = ctl("clients", "show", "c_shop", "-o", "json").json
    assert (shown["name"], shown["previousSecretUntil"]) == ("shop", None)
    assert admin.requests[-1].id == "c_shop"


def test_remove_says_what_goes_with_it(ctl: Ctl, admin: Admin):
    admin.answers("RemoveClient", samples.client())
    refused = ctl("clients", "remove", "c_shop")
    assert refused.status == 2
    assert all(word in refused.err for word in ("API keys", "devices", "inboxes", "connections"))
    assert ctl("clients", "remove", "c_shop", "--yes", "-q").out == "c_shop\n"


def test_a_client_that_is_not_there(ctl: Ctl, admin: Admin):
    admin.refuses("GetClient", grpc.StatusCode.NOT_FOUND, "no such client", notifyd_code="client_not_found")
    assert ctl("clients", "show", "nobody").status == 3
