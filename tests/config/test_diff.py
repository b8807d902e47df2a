from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifyd.config import ChannelRule, Settings, WebhookTable, diff_settings, reloaded
from notifyd.config.diff import Change, value_of
from tests.config.strategies import pairs

if TYPE_CHECKING:
    from notifyd.config.catalogue import Entry, Value


def changed(entry: Entry, value: Value) -> Settings:
    section = replace(getattr(Settings(), entry.section), **{entry.name: value})
    return replace(Settings(), **{entry.section: section})


def test_equal_settings_have_no_changes():
    assert diff_settings(Settings(), Settings()) == ((), ())


@given(pairs())
def test_a_change_is_told_where_it_belongs(pair: tuple[Entry, Value]):
    entry, value = pair
    change = (Change(entry.path, entry.default, value),) if value != entry.default else ()
    expected = (change, ()) if entry.setting.reload else ((), change)
    assert diff_settings(Settings(), changed(entry, value)) == expected


@given(st.lists(pairs(), max_size=8))
def test_a_reload_leaves_only_what_needs_a_restart(changes: list[tuple[Entry, Value]]):
    new = Settings()
    for entry, value in changes:
        new = replace(new, **{entry.section: replace(getattr(new, entry.section), **{entry.name: value})})
    running = reloaded(Settings(), new)
    left, waiting = diff_settings(running, new)
    assert left == ()
    assert waiting == diff_settings(Settings(), new)[1]


def test_rules_of_channels_change_on_reload():
    new = replace(Settings(), channels=(ChannelRule("a"),))
    assert diff_settings(Settings(), new) == ((Change("channels", (), (ChannelRule("a"),)),), ())
    assert reloaded(Settings(), new) == new


def test_webhooks_change_on_reload():
    new = replace(Settings(), webhooks=(WebhookTable("a", "http://h"),))
    assert [change.path for change in diff_settings(Settings(), new)[0]] == ["webhooks"]
    assert reloaded(Settings(), new) == new


def test_value_of_a_key():
    assert value_of(Settings(), "server.port") == 3000
