"""The overlay beside the configuration file: what `notifyctl config set` and `notifyctl apply` change.

The operator's own file, with its comments, is never written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from notifyd.config.documents import Document, parse_toml
from notifyd.config.files import read_sources
from notifyd.config.load import assemble
from notifyd.config.places import overlay_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notifyd.config.load import Loaded

_HEAD: Final = "# Written by notifyctl (`config set`, `apply`). It lies over {name}; edit that one.\n\n"


def changed(tables: dict[str, Any], path: str, value: object | None) -> dict[str, Any]:
    """*tables* with *path* put to *value*, or taken out where that is None.

    *path* is a key (`section.name`) or a list of tables (`channels`).
    """
    section, dot, name = path.partition(".")
    rest = {key: content for key, content in tables.items() if key != section}
    if not dot:
        return rest if value is None else {**rest, section: value}
    held = tables.get(section)
    own = {key: content for key, content in held.items() if key != name} if isinstance(held, dict) else {}
    if value is not None:
        own[name] = value
    return {**rest, section: own} if own else rest


def rendered(config_file: Path, tables: dict[str, Any]) -> Document:
    """The overlay over *config_file* that holds *tables*, as `text_of` writes it."""
    document = parse_toml(str(overlay_file(config_file)), text_of(config_file, tables))
    assert isinstance(document, Document), "tomli-w writes TOML"
    return document


def text_of(config_file: Path, tables: dict[str, Any]) -> str:
    """What an overlay over *config_file* says that holds *tables*."""
    import tomli_w

    return _HEAD.format(name=config_file.name) + tomli_w.dumps(tables)


def preview(config_file: Path, tables: dict[str, Any], environ: Mapping[str, str], *, named: bool) -> Loaded:
    """The settings that would count if the overlay over *config_file* held *tables*.

    *named* says that somebody chose the file, so that it must be there.

    Raises:
        ConfigInvalid: the configuration would not be valid.
    """
    sources = read_sources(config_file=config_file if named else None, environ=environ, flags={}, dotenv=None)
    return assemble(replace(sources, path=config_file, overlay=rendered(config_file, tables)))
