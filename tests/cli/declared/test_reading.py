"""Declarations as files say them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from notifyctl.declared.items import EVERYTHING
from notifyctl.declared.reading import Declared, read
from notifyctl.exits import Refusal, Status
from notifyd.config import ConfigInvalid
from notifyd.policy.access.scopes import DEFAULT_SCOPES

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
[[clients]]
name = "shop"
url = "https://shop.example"
secret_file = "shop.secret"

[[keys]]
name = "orders"
client = "shop"
scopes = ["subscribe:b", "publish:a", "publish:a"]
allowed_cidrs = ["10.0.0.0/8", "::1/128"]
expires_at = 2030-01-01T01:00:00+01:00

[[keys]]
name = "all"

[[channels]]
pattern = "a.*"
max_publications = 5

[[webhooks]]
name = "hook"
url = "https://example.com/"
client = "shop"
"""


@pytest.fixture
def said(tmp_path: Path) -> Path:
    file = tmp_path / "state.toml"
    file.write_text(WHOLE)
    return file


def problems(tmp_path: Path, text: str, name: str = "s.toml", **options: bool) -> list[str]:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ConfigInvalid) as refused:
        read([str(file)], **options)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in refused.value.problems]


def test_everything_is_read_in_the_form_in_which_it_is_compared(said: Path) -> None:
    declared = read([str(said)])
    (shop,) = declared.items["clients"]
    assert (shop.fields, shop.secret) == (
        {"url": "https://shop.example", "description": "", "cookie_name": ""},
        shop.secret,
    )
    assert shop.secret is not None
    assert (shop.secret.how, shop.secret.value) == ("secret_file", str(said.parent / "shop.secret"))
    orders, everything = declared.items["keys"]
    assert (orders.identity, orders.place) == (("shop", "orders"), f"{said}:6")
    assert orders.fields == {
        "scopes": ["publish:a", "subscribe:b"],
        "allowed_cidrs": ["10.0.0.0/8", "::1/128"],
        "expires_at": "2030-01-01T00:00:00.000Z",
    }
    assert (everything.identity, everything.fields["scopes"]) == (("default", "all"), list(EVERYTHING))
    assert declared.items["channels"][0].fields["max_publications"] == 5
    assert declared.items["webhooks"][0].fields["client"] == "shop"
    assert declared.governed == {"clients", "keys", "channels", "webhooks"}


def test_a_key_without_scopes_is_what_the_daemon_makes_of_it() -> None:
    assert set(EVERYTHING) == set(DEFAULT_SCOPES)


def as_json(declared: Declared) -> str:
    return json.dumps({kind: [item.said() for item in items] for kind, items in declared.items.items()})


def test_json_says_the_same(said: Path, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(as_json(read([str(said)])))
    assert as_json(read([str(file)])) == as_json(read([str(said)]))


def test_several_files_are_one(said: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[[channels]]\npattern = "b"\n')
    assert [item.name for item in read([str(said), str(other)]).items["channels"]] == ["a.*", "b"]


def test_a_list_that_is_empty_is_spoken_of(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("channels = []\n")
    assert read([str(file)]).governed == {"channels"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[keys]]\nnme = 'a'", ["s.toml:2: [[keys]] nme: unknown key; the nearest key is name", "is missing"]),
        ("[[keys]]\nname = ' '", ["s.toml:2: [[keys]] name: must not be empty"]),
        ("[[keys]]\nname = 5", ["s.toml:2: [[keys]] name: must be text"]),
        ("[[keys]]\nname = 'a'\nscopes = 'x'", ["s.toml:3: [[keys]] scopes: must be a list of texts"]),
        ("[[keys]]\nname = 'a'\nexpires_at = 2030-01-01T00:00:00", ["with its zone"]),
        ("[[keys]]\nname = 'a'\nexpires_at = 'soon'", ["'soon' is no instant"]),
        ("[[keys]]\nname = 'a'\nallowed_cidrs = ['10.0.0.1/8']", ["has host bits set"]),
        ("[[clients]]\nname = 'a'\nsecret = 'x'", ["insist with --plain-secrets"]),
        ("[[clients]]\nname = 'a'\nsecret_env = 'X'\nsecret_file = 'x'", ["goes without secret_file"]),
        ("[[channels]]\npatern = 'a'", ["the nearest key is pattern", "is missing"]),
        ("[[webhooks]]\nname = 'a'\nurl = 'https://a.example'\nsecret_file = '~/x'", ["must be a full path"]),
        ("[channels]\npattern = 'a'", ["must be a list of tables"]),
        ("[[chanels]]\npattern = 'a'", ["the nearest key is channels"]),
        ("[[keys]]\nname = 'a'\n[[keys]]\nname = 'a'", ["key default/a: is declared 2 times"]),
        ("[[keys", ["s.toml, line 1"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, said: list[str]) -> None:
    told = problems(tmp_path, text)
    assert len(told) == len(said)
    for sentence, part in zip(told, said, strict=True):
        assert part in sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"keys": [{"name": "a", "scopes": [5]}]}', "s.json, keys.0: [[keys]] scopes: must be a list of texts"),
        ("[]", "must be an object"),
        ('{"keys": ', "line 1, column 10"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_in_json(tmp_path: Path, text: str, said: str) -> None:
    (told,) = problems(tmp_path, text, "s.json")
    assert said in told


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[[keys]]\nnme='a'\n[[channels]]\npattern=5\n[x]\n")) == 4


def test_who_insists_may_write_secrets_down(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[[clients]]\nname = 'a'\nsecret = 'plain-secret'")
    (client,) = read([str(file)], plain_secrets=True).items["clients"]
    assert client.secret is not None
    assert client.secret.value == "plain-secret"
    assert "plain-secret" not in repr(client)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(Refusal, match="No such file") as refused:
        read(["/nowhere/state.toml"])
    assert refused.value.status is Status.NOT_FOUND


def test_stdin_is_read_once() -> None:
    with pytest.raises(Refusal, match="one time"):
        read(["-", "-"])
