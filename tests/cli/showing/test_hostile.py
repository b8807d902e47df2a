"""What comes from elsewhere cannot reach the terminal as anything but text."""

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl

RAW = set("\x1b\x07\u202e\x9b")


@pytest.fixture(autouse=True)
def _channels(admin: Admin):
    admin.answers("ListChannels", pb.ListChannelsResponse(channels=[pb.Channel(channel=HOSTILE + "\x9b1m\n\tend")]))


@pytest.mark.parametrize("form", ["table", "plain", "ndjson", "json"])
def test_a_name_is_spelled_out(ctl: Ctl, form: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = ctl("channels", "list", "-o", form).out
    assert not RAW & set(out)
    assert "[bold red]" in out


def test_a_name_stays_one_field_of_one_line(ctl: Ctl):
    (line,) = ctl("channels", "list").lines
    assert line.split("\t")[0] == "or\\x1b[31mders[bold red]\\u202e\\x07\\x9b1m\\n\\tend"


def test_json_means_the_same(ctl: Ctl):
    assert ctl("channels", "list", "-o", "ndjson").objects[0]["channel"] == HOSTILE + "\x9b1m\n\tend"


def test_quiet_too(ctl: Ctl):
    assert not RAW & set(ctl("channels", "list", "-q").out)


@pytest.mark.parametrize("form", ["table", "plain", "ndjson"])
def test_a_payload(ctl: Ctl, admin: Admin, form: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    evil = samples.publication(data_json='{"\\u001b[2J":"\\u202e\x9b \\ud800[red]"}')
    admin.answers("GetHistory", pb.GetHistoryResponse(publications=[evil]))
    out = ctl("channels", "history", "orders", "-o", form).out
    assert not RAW & set(out)
    assert "[red]" in out


def test_an_error(ctl: Ctl, admin: Admin):
    admin.refuses("GetChannel", grpc.StatusCode.NOT_FOUND, f"no {HOSTILE}")
    result = ctl("channels", "show", "x")
    assert not RAW & set(result.err)


def test_completion_offers_harmless_names_only(ctl: Ctl, admin: Admin, monkeypatch, capfd):
    names = [HOSTILE, "$(touch x)", "`id`", "orders", "or;ders", "a b", "o*"]
    admin.answers("ListChannels", pb.ListChannelsResponse(channels=[pb.Channel(channel=name) for name in names]))
    monkeypatch.setenv("COMP_WORDS", "notifyctl\nchannels\nshow\n")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setenv("_NOTIFYCTL_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        ctl()
    assert capfd.readouterr().out == "orders\n"
