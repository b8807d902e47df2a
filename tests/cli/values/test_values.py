"""The small pure parts: lengths of time, instants, sizes, texts, positions, places, conversion."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifyctl.daemons import locate
from notifyctl.listening.places import Places
from notifyctl.retrying.backoff import Backoff
from notifyctl.showing import convert
from notifyctl.showing.text import safe, safe_json
from notifyctl.values import moments, sizes
from notifyctl.values.positions import position
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("7d", 604800), ("1h30m", 5400), ("250ms", 0.25), ("1.5", 1.5), ("0", 0)],
)
def test_lengths(text: str, expected: float):
    assert moments.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "5x", "-5s", "5 parsecs", "1h-3m", "inf", "nan", "1e5", "999999d"])
def test_no_lengths(text: str):
    with pytest.raises(ValueError, match=r"length|longer"):
        moments.seconds(text)


def test_instants():
    assert moments.instant("2026-01-30T12:00:00+02:00") == datetime(2026, 1, 30, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match="no instant"):
        moments.instant("tomorrow")


def test_an_instant_may_lie_a_length_back():
    assert abs((datetime.now(UTC) - moments.moment("1h")).total_seconds() - 3600) < 5
    assert moments.moment("2026-01-30T12:00:00Z") == datetime(2026, 1, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(("text", "words"), [("soon", "no instant"), ("9999w", "hundred years")])
def test_neither_an_instant_nor_a_length(text: str, words: str):
    with pytest.raises(ValueError, match=words):
        moments.moment(text)


@pytest.mark.parametrize(
    ("length", "words"), [(0.4, "0.4s"), (59, "59s"), (3600, "1h"), (90061, "1d 1h"), (125, "2m 5s"), (86405, "1d")]
)
def test_spoken(length: float, words: str):
    assert moments.spoken(length) == words


def test_relative():
    assert moments.relative(moments.iso(moments.after(7199.9))) == "in 1h 59m"
    assert moments.relative(moments.iso(moments.after(-65.5))) == "1m 5s ago"
    assert moments.relative(moments.iso(moments.after(0))) == "now"


def test_the_clock_of_this_machine():
    today = moments.iso(moments.after(0))
    assert len(moments.clock(today)) == 12
    assert moments.clock("2020-01-30T12:00:00.123Z").startswith("2020-01-")


@pytest.mark.parametrize(("size", "words"), [(0, "0 B"), (1023, "1023 B"), (9113, "8.9 KiB"), (2**41, "2048.0 GiB")])
def test_binary(size: int, words: str):
    assert sizes.binary(size) == words


@pytest.mark.parametrize(("count", "words"), [(17, "17"), (1400, "1.4k"), (140_000, "140k"), (2.1e6, "2.1M")])
def test_decimal(count: float, words: str):
    assert sizes.decimal(count) == words


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_safe_text_is_printable_and_one_line(text: str):
    shown = safe(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    shown.encode()


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_safe_json_means_the_same(value: object):
    import json

    document = safe_json(json.dumps(value, ensure_ascii=False))
    document.encode()
    assert json.loads(document) == value


@pytest.mark.parametrize("text", ["", "e", ":1", "e:", "e:-1", "e:1.5", "e:x", f"e:{2**63}"])
def test_no_positions(text: str):
    with pytest.raises(ValueError, match="EPOCH:OFFSET"):
        position(text)


def test_an_epoch_may_hold_a_colon():
    assert (position("a:b:7").epoch, position("a:b:7").offset) == ("a:b", 7)


def test_places_in_order(tmp_path: Path):
    environ = {"XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s"}
    assert [str(place) for place in locate.candidates(environ)] == [
        "/r/notifyd/admin.sock",
        "/run/notifyd/admin.sock",
        "/s/notifyd/admin.sock",
        "/var/lib/notifyd/admin.sock",
    ]
    assert len(locate.candidates({"XDG_RUNTIME_DIR": "relative"})) == 3


def test_a_dead_socket_is_passed_over(admin, monkeypatch: pytest.MonkeyPatch, folder: Path):
    (folder / "notifyd").mkdir()
    (folder / "notifyd/admin.sock").touch()
    state = folder / "state"
    (state / "notifyd").mkdir(parents=True)
    (state / "notifyd/admin.sock").symlink_to(admin.socket)
    environ = {"XDG_RUNTIME_DIR": str(folder), "XDG_STATE_HOME": str(state)}
    assert locate.find(None, environ) == state / "notifyd/admin.sock"


def test_pauses_grow_to_a_bound_and_have_jitter():
    backoff = Backoff(random.Random(1))
    pauses = [backoff.next_seconds() for _ in range(50)]
    assert max(pauses[:1]) <= 0.25
    assert 3 < max(pauses) <= 5
    assert len(set(pauses)) == 50
    backoff.reset()
    assert backoff.next_seconds() <= 0.25


def test_a_replay_that_is_still_to_come_does_not_count_as_reached():
    places = Places(["c"], position("e:1"))
    places.subscribed("c", position("e:9"), replayed=3)
    assert places.asked("c") == position("e:1")
    places.subscribed("c", position("e:9"), replayed=0)
    assert places.asked("c") == position("e:9")


def test_what_is_sent_again_takes_no_place_back():
    places = Places(["c"])
    for epoch, offset in (("e", 7), ("e", 9), ("e", 8)):
        places.received({"channel": "c", "epoch": epoch, "offset": offset})
    assert places.asked("c") == position("e:9")
    places.received({"channel": "c", "epoch": "f", "offset": 1})
    assert places.asked("c") == position("f:1")


def test_every_message_of_the_contract_can_be_shown():
    from google.protobuf import message_factory

    for descriptor in pb.DESCRIPTOR.message_types_by_name.values():
        convert.record(message_factory.GetMessageClass(descriptor)())


def test_numbers_beyond_floats_stay_valid_json():
    assert convert.record(samples.publication(data_json="[1e999, 1e5]"))["data"] == ["1e999", 100000.0]


def test_one_branch_of_a_oneof_is_shown():
    assert list(convert.record(pb.PublishResult(index=1, refused=pb.Problem(code="x")))) == ["index", "refused"]
