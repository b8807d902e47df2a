from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from notifyd.config import ChannelRule, WebhookTable, load_settings
from notifyd.config.catalogue import TABLES, Entry, catalogue, sections, table_keys
from notifyd.config.example import render_example
from notifyd.config.values import to_toml

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def settings_of(file: Path, text: str):
    file.write_text(text, encoding="utf-8")
    return load_settings(config_file=file, environ={"HOME": "/h"})


def test_the_file_is_what_the_declarations_say():
    assert render_example() == TEXT


def test_as_it_stands_it_changes_nothing(tmp_path: Path):
    loaded = settings_of(tmp_path / "n.toml", TEXT)
    assert set(loaded.origins.values()) == {"default"}


def test_with_every_line_taken_up_it_says_the_defaults(tmp_path: Path):
    loaded = settings_of(tmp_path / "n.toml", re.sub(r"(?m)^#(?! |$)", "", TEXT))
    bare = load_settings(environ={"HOME": "/h"}, config_file=Path("/dev/null"))
    assert [path for path, origin in loaded.origins.items() if origin == "default"] == []
    assert loaded.settings.channels == (
        ChannelRule("orders.*", 50_000, 604_800.0, users_subscribe=True, presence=True),
    )
    assert loaded.settings.webhooks == (
        WebhookTable(
            "backend",
            "https://example.com/notifyd-events",
            ("notification.dead", "notification.unreached"),
            secret_file=Path("/etc/notifyd/backend.secret"),
        ),
    )
    assert replace(loaded.settings, channels=(), webhooks=()) == bare.settings


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.path)
def test_every_key_stands_once_in_its_section_with_doc_and_default(entry: Entry):
    section = TEXT.split(f"\n[{entry.section}]\n")[1].split("\n[")[0].split("\n#[[")[0]
    blocks = [block for block in section.split("\n\n") if f"\n#{entry.name} = " in f"\n{block}"]
    assert len(blocks) == 1
    assert blocks[0].strip().splitlines()[-1] == f"#{entry.name} = {to_toml(entry.default)}"
    assert entry.setting.doc in blocks[0]
    assert entry.setting.service in blocks[0]


def test_sections_and_lists_of_tables_are_all_there():
    assert re.findall(r"(?m)^\[(\w+)\]$", TEXT) == list(sections())
    for table in TABLES:
        rows = TEXT.split(f"#[[{table}]]\n")[1].split("\n[")[0]
        assert re.findall(r"(?m)^#(\w+) = ", rows) == list(table_keys(table))


def test_lines_are_no_longer_than_a_page():
    assert max(map(len, TEXT.splitlines())) <= 120
