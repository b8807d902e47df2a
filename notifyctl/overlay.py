"""The overlay beside the configuration file: what `notifyctl config set` changes.

The operator's own file, with its comments, is never written to.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.config import Loaded

_HEAD: Final = "# Written by `notifyctl config set`. It lies over {name}; edit that one.\n\n"


def changed(tables: dict[str, Any], path: str, value: object | None) -> dict[str, Any]:
    """*tables* with the key *path* (`section.name`) put to *value*, or taken out where that is None."""
    section, _, name = path.partition(".")
    held = tables.get(section)
    own = {key: content for key, content in held.items() if key != name} if isinstance(held, dict) else {}
    if value is not None:
        own[name] = value
    rest = {key: content for key, content in tables.items() if key != section}
    return {**rest, section: own} if own else rest


def preview(config_file: Path, tables: dict[str, Any], *, named: bool) -> tuple[str, Loaded]:
    """The text of an overlay over *config_file* that holds *tables*, and the settings that would then count.

    *named* says that somebody chose the file, so that it must be there.

    Raises:
        ConfigInvalid: the configuration would not be valid.
    """
    import tomli_w
    from msgspec.structs import replace

    from notifyd.config.documents import Document, parse_toml
    from notifyd.config.files import read_sources
    from notifyd.config.load import assemble
    from notifyd.config.places import overlay_file

    text = _HEAD.format(name=config_file.name) + tomli_w.dumps(tables)
    document = parse_toml(str(overlay_file(config_file)), text)
    assert isinstance(document, Document), "tomli-w writes TOML"
    sources = read_sources(config_file=config_file if named else None, environ=os.environ, flags={}, dotenv=None)
    return text, assemble(replace(sources, path=config_file, overlay=document))


def write(path: Path, text: str, *, beside: Path) -> None:
    """Put *text* into *path* at once or not at all, readable for whoever may read the file *beside* it.

    Raises:
        OSError: it cannot be written; *path* is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            _share_as(stream.fileno(), beside)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _share_as(descriptor: int, beside: Path) -> None:
    try:
        model = beside.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(descriptor, 0o644 & ~mask)
        return
    with suppress(PermissionError):  # only root may give a file away
        os.fchown(descriptor, model.st_uid, model.st_gid)
    os.fchmod(descriptor, model.st_mode & 0o777)
