"""One record list in every format, to the letter."""

from pathlib import Path

import pytest

from notifyctl.values import moments
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

PLAIN = "key_1\tshop\tdefault\tactive\tpublish:orders.*,broadcast\t2026-01-30T12:00:00.123Z\t\t\n"
OBJECT = (
    '{"id":"key_1","clientId":"default","name":"shop","scopes":["publish:orders.*","broadcast"],"allowedCidrs":[],'
    '"createdAt":"2026-01-30T12:00:00.123Z","expiresAt":null,"revokedAt":null,"lastUsedAt":null,"status":"active",'
    '"previousUntil":null}\n'
)


@pytest.fixture(autouse=True)
def _keys(admin: Admin):
    admin.answers("ListKeys", pb.ListKeysResponse(keys=[samples.key()]))


def test_a_pipe_gets_tabs_without_a_header(ctl: Ctl):
    assert ctl("keys", "list").out == PLAIN


def test_plain_by_name_is_the_same(ctl: Ctl):
    assert ctl("keys", "list", "-o", "plain").out == PLAIN


def test_ndjson_is_an_object_a_line(ctl: Ctl):
    assert ctl("keys", "list", "-o", "ndjson").out == OBJECT


def test_json_is_one_array(ctl: Ctl):
    assert ctl("keys", "list", "-o", "json").json == [ctl("keys", "list", "-o", "ndjson").objects[0]]


def test_an_empty_list_is_an_empty_array(ctl: Ctl, admin: Admin):
    admin.answers("ListKeys", pb.ListKeysResponse())
    assert ctl("keys", "list", "-o", "json").out == "[]\n"
    assert ctl("keys", "list", "-o", "ndjson").out == ""


def test_table(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    created = moments.relative("2026-01-30T12:00:00.123Z")
    header, row = ctl("keys", "list", "-o", "table").lines
    assert header.split() == ["ID", "Name", "Client", "Status", "Scopes", "Created", "Expires", "Last", "used"]
    assert row.split() == [
        "key_1", "shop", "default", "active", "publish:orders.*,broadcast", *created.split(), "-", "-",
    ]  # fmt: skip


def test_quiet_is_ids_alone(ctl: Ctl):
    assert ctl("keys", "list", "-q", "-o", "json").out == "key_1\n"


def test_the_environment_chooses_too(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_OUTPUT", "ndjson")
    assert ctl("keys", "list").out == OBJECT
    assert ctl("keys", "list", "-o", "plain").out == PLAIN


def test_the_client_comes_from_the_environment(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_CLIENT", "acme")
    ctl("keys", "list")
    assert admin.requests[-1].client_id == "acme"


def test_a_created_key_is_shown_once_with_its_record(ctl: Ctl, admin: Admin):
    admin.answers("CreateKey", pb.IssuedKey(key="secret", record=samples.key()))
    result = ctl("keys", "create", "--name", "shop", "-o", "json")
    assert result.json["key"] == "secret"
    assert result.json["id"] == "key_1"


def test_a_created_key_alone(ctl: Ctl, admin: Admin):
    admin.answers("CreateKey", pb.IssuedKey(key="secret", record=samples.key()))
    assert ctl("keys", "create", "--name", "shop", "-q").out == "secret\n"


def test_what_create_asks_for(ctl: Ctl, admin: Admin):
    admin.answers("CreateKey", pb.IssuedKey(key="secret", record=samples.key()))
    ctl(
        "keys", "create", "--name", "s", "--scope", "publish:*", "--scope", "broadcast", "--cidr", "10.0.0.0/8",
        "--expires-at", "2026-01-30T12:00:00+01:00",
    )  # fmt: skip
    asked = admin.requests[-1]
    assert list(asked.scopes) == ["publish:*", "broadcast"]
    assert list(asked.allowed_cidrs) == ["10.0.0.0/8"]
    assert asked.expires_at.ToJsonString() == "2026-01-30T11:00:00Z"


def test_rotate_hands_the_overlap_over_only_when_given(ctl: Ctl, admin: Admin):
    admin.answers("RotateKey", pb.IssuedKey(key="new", record=samples.key()))
    ctl("keys", "rotate", "key_1", "--overlap", "1h30m")
    assert admin.requests[-1].overlap_seconds == 5400
    ctl("keys", "rotate", "key_1")
    assert not admin.requests[-1].HasField("overlap_seconds")


def test_history_is_as_subscribers_see_it(ctl: Ctl, admin: Admin):
    admin.answers("GetHistory", pb.GetHistoryResponse(publications=[samples.publication()]))
    assert ctl("channels", "history", "orders", "-o", "ndjson").out == (
        '{"id":"n_1","channel":"orders","data":{"total":12.5,"big":9007199254740993},"metadata":null,"priority":5,'
        '"timestamp":"2026-01-30T12:00:00.123Z","epoch":"e1","offset":7,"userId":null,"attempt":1}\n'
    )


def test_history_says_when_something_is_missing(ctl: Ctl, admin: Admin):
    admin.answers("GetHistory", pb.GetHistoryResponse(recovered=False, skipped=2))
    result = ctl("channels", "history", "orders", "--since", "e1:3")
    assert admin.requests[-1].since == types_pb2.StreamPosition(epoch="e1", offset=3)
    assert "not in the history any more" in result.err
    assert "expired or given up: 2" in result.err


def test_priorities_are_in_order(ctl: Ctl, admin: Admin):
    admin.answers("GetQueue", pb.QueueStats(waiting=3, by_priority={10: 1, 5: 2}))
    assert list(ctl("queue", "stats", "-o", "json").json["byPriority"].items()) == [("5", 2), ("10", 1)]


def test_the_admin_token_is_a_line(ctl: Ctl, admin: Admin):
    admin.answers("GetAdminToken", pb.GetAdminTokenResponse(token="t0ken"))
    assert ctl("tokens", "admin").out == "t0ken\n"
    assert ctl("tokens", "admin", "-o", "json").json == {"token": "t0ken"}


def test_no_admin_token_in_development(ctl: Ctl, admin: Admin):
    admin.answers("GetAdminToken", pb.GetAdminTokenResponse())
    assert ctl("tokens", "admin").status == 5


def test_more_connections_than_shown(ctl: Ctl, admin: Admin):
    admin.answers("ListConnections", pb.ListConnectionsResponse(connections=[pb.Connection(id="c_1")], total=7))
    result = ctl("connections", "list", "-q")
    assert (result.out, "1 of 7" in result.err) == ("c_1\n", True)


def test_connections_of_nodes_that_did_not_answer_are_missing(ctl: Ctl, admin: Admin):
    here = pb.Connection(id="c_1", node="one")
    admin.answers(
        "ListConnections", pb.ListConnectionsResponse(connections=[here], total=1, missing_nodes=["two-1", "three-1"])
    )
    result = ctl("connections", "list")
    assert result.lines[0].endswith("\tone")
    assert result.err.endswith("their connections are missing: two-1, three-1.\n")


def test_connections_of_a_user(ctl: Ctl, admin: Admin):
    admin.answers("ListConnections", pb.ListConnectionsResponse(connections=[pb.Connection(id="c_1")], total=1))
    ctl("connections", "list", "--user", "alice", "--client", "c_shop")
    assert admin.requests[-1] == pb.ListConnectionsRequest(client_id="c_shop", user_id="alice", limit=1000)


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (["--user", "alice"], pb.KickConnectionsRequest(user_id="alice")),
        (["--user", "alice", "--client", "c"], pb.KickConnectionsRequest(user_id="alice", client_id="c")),
        (["--key", "k", "--client", "c"], pb.KickConnectionsRequest(key_id="k")),
    ],
)
def test_whom_kick_means(ctl: Ctl, admin: Admin, args: list[str], asked: pb.KickConnectionsRequest):
    admin.answers("KickConnections", pb.KickConnectionsResponse(kicked=["c_1"]))
    assert ctl("connections", "kick", *args, "--yes", "-q").out == "c_1\n"
    assert admin.requests[-1] == asked


def test_notes_are_objects_where_errors_are(ctl: Ctl, admin: Admin):
    admin.answers("ListConnections", pb.ListConnectionsResponse(total=7))
    note = ctl("connections", "list", "-o", "json").err
    assert note == '{"note":"These are 0 of 7; see more with --limit."}\n'


def test_completion_is_written_where_the_shell_looks(lonely: Ctl, folder: Path):
    result = lonely("completion", "install", "bash")
    assert result.out.strip() == str(folder / "xdg_data_home/bash-completion/completions/notifyctl")
    assert Path(result.out.strip()).read_text() == lonely("completion", "show", "bash").out


def test_a_narrow_terminal_loses_columns_and_no_characters(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "60")
    header, row = ctl("keys", "list", "-o", "table").lines
    assert header.split() == ["ID", "Name", "Client", "Status", "Expires"]
    monkeypatch.setenv("COLUMNS", "10")
    header, row = ctl("keys", "list", "-o", "table").lines
    assert row.split() == ["key_1", "shop", "active", "-"]
