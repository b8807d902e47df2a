from __future__ import annotations

from pathlib import Path

import pytest

from notifyd.config import ConfigInvalid
from notifyd.config.overlay import changed, preview, rendered, text_of

FILE = Path("/etc/notifyd/notifyd.toml")


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ({}, "log.level", "debug", {"log": {"level": "debug"}}),
        ({"log": {"file": True}}, "log.level", "debug", {"log": {"file": True, "level": "debug"}}),
        ({"log": {"level": "debug"}}, "log.level", None, {}),
        ({"log": 5}, "log.level", "debug", {"log": {"level": "debug"}}),
        ({"log": {}}, "channels", [{"pattern": "a"}], {"log": {}, "channels": [{"pattern": "a"}]}),
        ({"channels": [{"pattern": "a"}]}, "channels", [], {"channels": []}),
        ({"channels": [{"pattern": "a"}]}, "channels", None, {}),
    ],
)  # fmt: skip
def test_changes(before: dict[str, object], path: str, value: object, after: dict[str, object]) -> None:
    assert changed(before, path, value) == after


def test_what_is_rendered_is_what_was_meant() -> None:
    tables = {"log": {"level": "debug"}, "channels": [{"pattern": "a.*", "max_publications": 3}]}
    document = rendered(FILE, tables)
    assert (document.name, document.tables) == ("/etc/notifyd/notifyd.overlay.toml", tables)
    assert "notifyd.toml; edit that one" in text_of(FILE, tables).splitlines()[0]


def test_a_preview_tells_where_values_come_from(tmp_path: Path) -> None:
    file = tmp_path / "notifyd.toml"
    loaded = preview(file, {"log": {"level": "debug"}}, {}, named=False)
    assert (loaded.settings.log.level, loaded.file) == ("debug", file)
    assert loaded.origins["log.level"].startswith("overlay ")


def test_a_preview_of_nonsense_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match=r"the nearest key is log\.level"):
        preview(FILE, {"log": {"levle": "debug"}}, {}, named=False)
