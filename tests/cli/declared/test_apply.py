"""`notifyctl apply`, `diff` and `export` beside a daemon that holds what it is told."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli.declared.house import House, actions

if TYPE_CHECKING:
    from tests.cli.scripted import Admin, Ctl

EVERYTHING = ["publish:*", "subscribe:*", "broadcast", "users"]
WHOLE = """\
[[clients]]
name = "shop"
url = "https://shop.example"
[[keys]]
name = "orders"
client = "shop"
scopes = ["publish:orders.*"]
[[channels]]
pattern = "orders.*"
presence = true
[[webhooks]]
name = "hook"
url = "https://example.com/"
client = "shop"
"""


@pytest.fixture
def house(admin: Admin) -> House:
    return House(admin)


@pytest.fixture
def state(tmp_path: Path) -> Any:
    """Writes a declaration and names its file."""

    def write(text: str) -> str:
        file = tmp_path / "state.toml"
        file.write_text(text)
        return str(file)

    return write


def key(identifier: str, name: str, **options: Any) -> types_pb2.ApiKey:
    return types_pb2.ApiKey(id=identifier, name=name, **{"client_id": "default", "scopes": EVERYTHING, **options})


def test_all_is_made_and_a_second_time_nothing(ctl: Ctl, house: House, state: Any, tmp_path: Path) -> None:
    file, safe = state(WHOLE), tmp_path / "safe"
    result = ctl("apply", "-f", file, "--yes", "--secrets-out", str(safe), "-o", "json")
    assert (result.status, actions(result.out)) == (
        0,
        [
            ("add", "client", "shop"),
            ("add", "key", "shop/orders"),
            ("add", "channel", "orders.*"),
            ("add", "webhook", "hook"),
        ],
    )
    assert {each["outcome"] for each in result.json} == {"done"}
    assert house.done == ["register shop (made)", "create c1 orders", "set channels", "set webhooks"]
    assert house.settings == {
        "channels": '[{pattern = "orders.*", presence = true}]',
        "webhooks": '[{name = "hook", url = "https://example.com/", client = "c1"}]',
    }
    assert "made-secret" not in result.out + result.err
    assert stat.S_IMODE(safe.stat().st_mode) == 0o600
    assert [json.loads(line)["secret"] for line in safe.read_text().splitlines()] == ["made-secret", "the-key-orders"]
    again = ctl("apply", "-f", file, "-o", "json")
    assert (again.status, again.json, len(house.done)) == (0, [], 4)
    assert "Nothing to change" in again.err


def test_what_is_exported_changes_nothing_and_makes_an_empty_daemon_the_same(
    ctl: Ctl, house: House, admin: Admin, state: Any, tmp_path: Path
) -> None:
    assert ctl("apply", "-f", state(WHOLE), "--yes", "--show-secrets", "-q").status == 0
    exported = ctl("export").out
    assert ctl("diff", "-f", "-", "--prune", stdin=exported.encode()).status == 0
    empty = House(admin)
    assert ctl("apply", "-f", "-", "--yes", "--show-secrets", "-q", stdin=exported.encode()).status == 0
    assert (empty.settings, ctl("export").out) == (house.settings, exported)


def test_json_goes_round_as_well(ctl: Ctl, house: House, state: Any) -> None:
    assert ctl("apply", "-f", state(WHOLE), "--yes", "--show-secrets", "-q").status == 0
    exported = ctl("export", "-o", "json")
    assert set(exported.json) == {"clients", "keys", "channels", "webhooks"}
    assert ctl("diff", "-f", "-", stdin=exported.out.encode()).status == 0


def test_the_difference_alone_has_a_status_of_its_own(ctl: Ctl, house: House, state: Any) -> None:
    for args in (["diff"], ["apply", "--dry-run"]):
        result = ctl(*args, "-f", state(WHOLE), "-o", "ndjson")
        assert (result.status, len(result.objects), house.done) == (1, 4, [])
        assert result.objects[1]["fields"]["scopes"] == {"from": None, "to": ["publish:orders.*"]}


def test_errors_of_a_diff_do_not_look_like_a_difference(ctl: Ctl, house: House, state: Any) -> None:
    house.fails("ListClients", lambda request: True, code="internal")
    assert ctl("diff", "-f", state(WHOLE)).status == 2


def test_people_see_the_difference_first_and_are_asked(ctl: Ctl, house: House, state: Any) -> None:
    house.keys = [key("k9", "orders", client_id="default")]
    result = ctl("apply", "-f", state("[[keys]]\nname = 'orders'\nscopes = ['users']"), "-o", "table")
    assert (result.status, house.done) == (2, [])
    assert "~  key   default/orders" in result.out
    assert "-> users" in result.out
    assert "needs --yes" in result.err


def test_what_differs_is_changed_and_told(ctl: Ctl, house: House, state: Any) -> None:
    house.clients.append(types_pb2.Client(id="c9", name="shop", url="https://old.example"))
    house.keys = [key("k9", "orders", client_id="c9")]
    house.settings["channels"] = '[{pattern = "orders.*"}, {pattern = "x"}]'
    house.settings["webhooks"] = '[{name = "hook", url = "https://example.com/", client = "c9"}]'
    result = ctl("apply", "-f", state(WHOLE), "--yes", "-o", "json")
    assert actions(result.out) == [
        ("change", "client", "shop"),
        ("change", "key", "shop/orders"),
        ("change", "channel", "orders.*"),
    ]
    assert house.done == ["update c9 https://shop.example", "entitle k9 publish:orders.*", "set channels"]
    assert house.settings["channels"] == '[{pattern = "orders.*", presence = true}, {pattern = "x"}]'


def test_only_what_is_spoken_of_goes_with_prune(ctl: Ctl, house: House, state: Any) -> None:
    house.clients += [types_pb2.Client(id="c8", name="old"), types_pb2.Client(id="c9", name="shop")]
    house.keys = [key("k1", "a"), key("k2", "b", client_id="c9"), key("k3", "c", client_id="c8")]
    house.settings["channels"] = '[{pattern = "x"}]'
    text = "channels = []\n[[keys]]\nname = 'b'\nclient = 'shop'"
    kept = ctl("apply", "-f", state(text), "--yes", "-o", "json")
    assert (kept.status, kept.json) == (0, [])
    pruned = ctl("apply", "-f", state(text), "--prune", "--yes", "-o", "json")
    assert actions(pruned.out) == [("remove", "channel", "x")]
    clients = ctl("apply", "-f", state(f"clients = []\n{text}"), "--prune", "--yes", "-o", "json")
    assert (actions(clients.out), house.done[-1]) == ([("remove", "client", "old")], "remove c8")
    assert clients.json[0]["fields"] == {"keys": {"from": ["c"], "to": None}}
    assert "the inboxes of its users" in clients.err
    keys = ctl("apply", "-f", state(text.replace("shop", "default").replace("'b'", "'n'")), "--prune", "--show-secrets",
               "--yes", "-o", "json")  # fmt: skip
    assert actions(keys.out) == [("add", "key", "default/n"), ("remove", "key", "default/a")]


def test_secrets_need_a_place_before_anything_is_done(ctl: Ctl, house: House, state: Any, tmp_path: Path) -> None:
    refused = ctl("apply", "-f", state(WHOLE), "--yes")
    assert (refused.status, house.done) == (2, [])
    assert "client shop, key shop/orders" in refused.err
    taken = tmp_path / "taken"
    taken.touch()
    assert ctl("apply", "-f", state(WHOLE), "--yes", "--secrets-out", str(taken)).status == 5
    assert house.done == []
    both = ctl("apply", "-f", state(WHOLE), "--yes", "--secrets-out", str(tmp_path / "n"), "--show-secrets")
    assert (both.status, house.done) == (2, [])


def test_a_place_for_secrets_that_nobody_needs_is_not_made(ctl: Ctl, house: House, state: Any, tmp_path: Path) -> None:
    file = state("[[channels]]\npattern = 'a'")
    assert ctl("apply", "-f", file, "--yes", "--secrets-out", str(tmp_path / "safe")).status == 0
    assert not (tmp_path / "safe").exists()


def test_secrets_are_printed_when_asked_for(ctl: Ctl, house: House, state: Any) -> None:
    result = ctl("apply", "-f", state("[[keys]]\nname = 'a'"), "--yes", "--show-secrets", "-o", "json")
    assert result.json[0]["secret"] == "the-key-a"
    table = ctl("apply", "-f", state("[[keys]]\nname = 'b'"), "--yes", "--show-secrets", "-o", "table")
    assert "the-key-b" in table.out


def test_some_done_and_some_not(ctl: Ctl, house: House, state: Any) -> None:
    house.fails("CreateKey", lambda request: request.name == "b")
    text = "".join(f"[[keys]]\nname = '{name}'\n" for name in "abc")
    result = ctl("apply", "-f", state(text), "--yes", "--show-secrets", "-o", "json")
    assert (result.status, [each["outcome"] for each in result.json]) == (8, ["done", "failed", "done"])
    assert result.json[1]["error"]["message"] == "no CreateKey today"
    assert "key default/b" in result.error["message"]
    assert result.error["message"].startswith("2 of 3 changes were done")


def test_a_client_that_cannot_be_made_takes_its_keys_with_it(ctl: Ctl, house: House, state: Any) -> None:
    house.fails("RegisterClient", lambda request: True)
    result = ctl("apply", "-f", state(WHOLE), "--yes", "--show-secrets", "-o", "json")
    assert [each["outcome"] for each in result.json] == ["failed", "skipped", "done", "done"]
    assert result.status == 8


def test_nothing_done_ends_as_the_first_failure(ctl: Ctl, house: House, state: Any) -> None:
    house.fails("CreateKey", lambda request: True)
    result = ctl("apply", "-f", state("[[keys]]\nname = 'a'"), "--yes", "--show-secrets")
    assert (result.status, "Nothing was done" in result.err) == (1, True)


def test_after_the_daemon_has_gone_nothing_more_is_tried(ctl: Ctl, house: House, state: Any) -> None:
    house.admin.refuses("CreateKey", grpc.StatusCode.UNAVAILABLE, "draining", notifyd_code="draining")
    text = "".join(f"[[keys]]\nname = '{name}'\n" for name in "ab")
    result = ctl("apply", "-f", state(text), "--yes", "--show-secrets", "-o", "json")
    assert (result.status, [each["outcome"] for each in result.json]) == (6, ["failed", "skipped"])


def test_what_the_daemon_does_not_take_changes_nothing(ctl: Ctl, house: House, state: Any) -> None:
    house.admin.refuses("ChangeConfig", grpc.StatusCode.INVALID_ARGUMENT, "two rules clash")
    result = ctl("apply", "-f", state(WHOLE), "--yes", "--show-secrets")
    assert (result.status, house.done) == (2, [])
    assert "does not take these channels and webhooks: two rules clash" in result.err


@pytest.mark.parametrize("how", ["secret_file", "secret_env"])
def test_a_secret_comes_from_elsewhere(
    ctl: Ctl, house: House, state: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "S").write_text("a-long-secret-of-shop\n")
    monkeypatch.setenv("S", "a-long-secret-of-shop")
    result = ctl("apply", "-f", state(f"[[clients]]\nname = 'shop'\n{how} = 'S'"), "--yes", "-o", "json")
    assert (result.status, house.done) == (0, ["register shop a-long-secret-of-shop"])
    assert "a-long-secret" not in result.out + result.err


def test_another_secret_is_put_in_the_place_of_the_old_one(ctl: Ctl, house: House, state: Any, tmp_path: Path) -> None:
    house.clients.append(types_pb2.Client(id="c9", name="shop"))
    (tmp_path / "S").write_text("a-long-secret-of-shop\n")
    text = state("[[clients]]\nname = 'shop'\nsecret_file = 'S'")
    house.admin.answers("VerifyToken", pb.VerifiedToken(client_id="c9"))
    assert ctl("diff", "-f", text).status == 0
    house.admin.answers("VerifyToken", pb.VerifiedToken(client_id="c9", previous_secret=True))
    assert ctl("diff", "-f", text).status == 1
    house.admin.refuses("VerifyToken", grpc.StatusCode.UNAUTHENTICATED, "bad", notifyd_code="token_bad_signature")
    result = ctl("apply", "-f", text, "--yes", "-o", "json")
    assert result.json[0]["fields"] == {"secret": {"from": "***", "to": "***"}}
    assert house.done == ["rotate c9 a-long-secret-of-shop"]


def test_a_secret_that_is_not_there_is_missed_before_the_daemon_is_asked(ctl: Ctl, house: House, state: Any) -> None:
    result = ctl("apply", "-f", state("[[clients]]\nname = 'shop'\nsecret_env = 'NOT_SET'"), "--yes")
    assert (result.status, house.admin.requests) == (2, [])
    assert "NOT_SET is empty" in result.err


def test_names_that_two_have_are_refused_where_they_matter(ctl: Ctl, house: House, state: Any) -> None:
    house.keys = [key("k1", "a"), key("k2", "a")]
    refused = ctl("apply", "-f", state("[[keys]]\nname = 'a'"), "--yes")
    assert (refused.status, "k1, k2" in refused.err) == (5, True)
    assert ctl("export").status == 5
    assert ctl("export", "--only", "channels").status == 0
    assert ctl("apply", "-f", state("[[keys]]\nname = 'b'"), "--yes", "--show-secrets").status == 0


def test_a_client_that_nobody_knows(ctl: Ctl, house: House, state: Any) -> None:
    refused = ctl("diff", "-f", state("[[keys]]\nname = 'a'\nclient = 'nobody'"))
    assert (refused.status, "neither declared nor there" in refused.err) == (2, True)


def test_a_rule_that_never_counts_is_pointed_out(ctl: Ctl, house: House, state: Any) -> None:
    house.settings["channels"] = '[{pattern = "orders.*"}]'
    result = ctl("diff", "-f", state("[[channels]]\npattern = 'orders.eu'"))
    assert "orders.eu never counts: orders.* comes before it" in result.err
    assert "never" not in ctl("diff", "-f", state("[[channels]]\npattern = '*'")).err


def test_another_order_of_rules_is_a_difference(ctl: Ctl, house: House, state: Any) -> None:
    house.settings["channels"] = '[{pattern = "a"}, {pattern = "b"}]'
    result = ctl(
        "apply", "-f", state("[[channels]]\npattern = 'b'\n[[channels]]\npattern = 'a'"), "--yes", "-o", "json"
    )
    assert [each["fields"] for each in result.json] == [
        {"position": {"from": 2, "to": 1}},
        {"position": {"from": 1, "to": 2}},
    ]
    assert house.settings["channels"] == '[{pattern = "b"}, {pattern = "a"}]'


def test_what_has_expired_is_not_exported(ctl: Ctl, house: House) -> None:
    old = key("k1", "old")
    old.expires_at.FromJsonString("2020-01-01T00:00:00Z")
    house.keys = [old, key("k2", "new")]
    assert ctl("export", "--only", "keys", "-q").lines == ["default/new"]


def test_hostile_names_are_escaped_and_mean_the_same(ctl: Ctl, house: House) -> None:
    house.keys = [key("k1", "a\u202e\x9b\U000e0041b")]
    exported = ctl("export", "--only", "keys")
    assert "\u202e" not in exported.out
    assert "\\u202e\\u009b\\U000e0041" in exported.out
    assert ctl("diff", "-f", "-", stdin=exported.out.encode()).status == 0


def test_only_what_there_is_can_be_exported_alone(ctl: Ctl, house: House) -> None:
    refused = ctl("export", "--only", "kyes")
    assert (refused.status, "clients, keys, channels, webhooks" in refused.err) == (2, True)


@pytest.fixture
def shut_in(house: House, tmp_path: Path) -> House:
    """A daemon that may not write its overlay, which holds something already."""
    house.shut_in, house.overlay = True, tmp_path / "notifyd.overlay.toml"
    house.overlay.write_text("[log]\nlevel = 'debug'\n")
    house.admin.answers("ReloadConfig", pb.ReloadConfigResponse(applied=["channels"]))
    return house


RULE = "[[channels]]\npattern = 'a'"


def test_an_operator_may_write_where_the_daemon_may_not(ctl: Ctl, shut_in: House, state: Any) -> None:
    result = ctl("apply", "-f", state(RULE), "--yes", "-o", "json")
    assert (result.status, result.json[0]["outcome"]) == (0, "done")
    written = tomllib.loads(shut_in.overlay.read_text())
    assert written == {"log": {"level": "debug"}, "channels": [{"pattern": "a"}]}


def test_what_the_daemon_does_not_take_over_is_put_back(ctl: Ctl, shut_in: House, state: Any) -> None:
    before = shut_in.overlay.read_text()
    shut_in.admin.refuses("ReloadConfig", grpc.StatusCode.INVALID_ARGUMENT, "no", notifyd_code="config_invalid")
    assert ctl("apply", "-f", state(RULE), "--yes").status == 2
    assert shut_in.overlay.read_text() == before
    shut_in.overlay.unlink()
    assert ctl("apply", "-f", state(RULE), "--yes").status == 2
    assert not shut_in.overlay.exists()


def test_where_nobody_may_write(ctl: Ctl, shut_in: House, state: Any) -> None:
    shut_in.overlay = Path("/proc/notifyd.overlay.toml")
    result = ctl("apply", "-f", state(RULE), "--yes")
    assert (result.status, "with sudo" in result.err) == (4, True)


def test_a_key_whose_time_is_over_is_not_made(ctl: Ctl, house: House, state: Any) -> None:
    result = ctl("apply", "-f", state("[[keys]]\nname = 'old'\nexpires_at = 2020-01-01T00:00:00Z"), "--yes")
    assert (result.status, house.done) == (0, [])
    assert "default/old has expired by its declaration" in result.err


def test_a_webhook_of_a_client_that_is_gone_goes_round(ctl: Ctl, house: House) -> None:
    house.settings["webhooks"] = '[{name = "hook", url = "https://example.com/", client = "c99"}]'
    exported = ctl("export").out.encode()
    assert ctl("diff", "-f", "-", "--prune", stdin=exported).status == 0


def test_a_folder_is_no_difference(ctl: Ctl, house: House, tmp_path: Path) -> None:
    assert ctl("diff", "-f", str(tmp_path)).status == 2
