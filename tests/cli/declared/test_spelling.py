"""What is exported means the same when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from notifyctl.declared.items import Item, defaults_of
from notifyctl.declared.reading import read
from notifyctl.declared.spelling import toml_lines
from notifyctl.showing.text import safe

if TYPE_CHECKING:
    from notifyctl.declared.items import Kind

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = TEXTS.filter(lambda text: bool(text.strip()))
INSTANTS = st.sampled_from([None, "2030-01-01T00:00:00.000Z", "2031-12-31T23:59:59.999Z"])
LISTS = st.lists(st.sampled_from(["publish:a", "subscribe:b.*", "users"]), min_size=1, unique=True).map(sorted)


@st.composite
def client_items(draw: st.DrawFn) -> Item:
    fields = {name: draw(TEXTS) for name in defaults_of("clients")}
    return Item("clients", (draw(NAMES),), fields)


@st.composite
def key_items(draw: st.DrawFn) -> Item:
    fields = {
        "scopes": draw(LISTS),
        "allowed_cidrs": draw(st.sampled_from([[], ["10.0.0.0/8", "::1/128"]])),
        "expires_at": draw(INSTANTS),
    }
    return Item("keys", (draw(st.sampled_from(["default", "shop"])), draw(NAMES)), fields)


@st.composite
def rules(draw: st.DrawFn) -> Item:
    fields = {**defaults_of("channels"), "presence": draw(st.booleans())}
    fields["max_publications"] = draw(st.none() | st.integers(0, 10_000))
    fields["max_age_seconds"] = draw(st.none() | st.floats(1, 86_400))
    return Item("channels", (draw(st.sampled_from(["a", "a.*", "*", "x.y"])),), fields)


def unique(items: st.SearchStrategy[Item]) -> st.SearchStrategy[list[Item]]:
    return st.lists(items, max_size=3, unique_by=lambda item: item.identity)


@settings(max_examples=40, deadline=None)
@given(unique(client_items()), unique(key_items()), unique(rules()))
def test_in_both_forms(clients: list[Item], keys: list[Item], channels: list[Item]) -> None:
    items: dict[Kind, list[Item]] = {"clients": clients, "keys": keys, "channels": channels}
    tables = {kind: [item.said() for item in found] for kind, found in items.items()}
    lines = list(toml_lines(tables))
    assert [safe(line) for line in lines] == lines
    with TemporaryDirectory() as folder:
        for name, text in (("s.toml", "\n".join(lines)), ("s.json", json.dumps(tables))):
            file = Path(folder, name)
            file.write_text(text, encoding="utf-8")
            found = read([str(file)])
            told = {kind: [(item.identity, item.fields) for item in found.items[kind]] for kind in items}
            assert told == {kind: [(item.identity, item.fields) for item in held] for kind, held in items.items()}
            assert found.governed == set(items)
