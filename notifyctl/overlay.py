"""The overlay beside the configuration file: what `notifyctl config set` changes, without touching the operator's own
words and comments."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_HEAD: Final = "# Written by `notifyctl config set`. It lies over {name}; edit that one.\n\n"


def render(tables: dict[str, Any], config_file: Path) -> str:
    """The text of an overlay over *config_file* that holds *tables*."""
    import tomli_w

    return _HEAD.format(name=config_file.name) + tomli_w.dumps(tables)


def changed(tables: dict[str, Any], path: str, value: object | None) -> dict[str, Any]:
    """*tables* with the key *path* (`section.name`) put to *value*, or taken out where that is None."""
    section, _, name = path.partition(".")
    rest = {key: content for key, content in tables.items() if key != section}
    held = tables.get(section)
    own = {key: content for key, content in held.items() if key != name} if isinstance(held, dict) else {}
    if value is not None:
        own[name] = value
    return {**rest, section: own} if own else rest


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
