"""The one module of the configuration that touches the file system."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from notifyd.config.documents import Document, parse_toml
from notifyd.config.places import overlay_file, searched_files
from notifyd.config.problems import ConfigInvalid, ConfigProblem
from notifyd.config.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 4 * 1024 * 1024


def find_config_file(config_file: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, str]:
    """The configuration file to read and who named it; None where none is named and none is found.

    An overlay counts as a find too: `notifyctl config set` works without a file under it.
    """
    if config_file:
        return config_file, "--config"
    if named := environ.get("NOTIFYD_CONFIG"):
        return Path(named), "NOTIFYD_CONFIG"
    found = (path for path in searched_files(environ) if _exists(path) or _exists(overlay_file(path)))
    return next(found, None), ""


def read_sources(
    *, config_file: Path | None, environ: Mapping[str, str], flags: Mapping[str, str], dotenv: Path | None
) -> Sources:
    """Everything that gives values, read and parsed; what cannot be read is among its `problems`."""
    problems: list[ConfigProblem] = []
    variables = _read_dotenv(dotenv, problems) if dotenv else {}
    path, named_by = find_config_file(config_file, {**variables, **environ})
    document = overlay = None
    if path:
        document = _read_toml(path, problems, named_by=named_by)
        overlay = _read_toml(overlay_file(path), problems)
    return Sources(path, document, overlay, variables, dict(environ), dict(flags), tuple(problems))


def read_overlay(path: Path) -> dict[str, object]:
    """The content of the overlay file at *path*, empty if there is none.

    Raises:
        ConfigInvalid: it cannot be read or is no TOML.
    """
    problems: list[ConfigProblem] = []
    document = _read_toml(path, problems)
    if problems:
        raise ConfigInvalid(problems)
    return document.tables if document else {}


def write_file(path: Path, text: str, *, beside: Path) -> None:
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


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # it is there and cannot be looked at: reading it will say why


def _read_toml(path: Path, problems: list[ConfigProblem], *, named_by: str = "") -> Document | None:
    if not named_by and not _exists(path):
        return None
    text = _read_text(path, named_by)
    result = parse_toml(str(path), text) if isinstance(text, str) else text
    if isinstance(result, Document):
        return result
    problems.append(result)
    return None


def _read_dotenv(path: Path, problems: list[ConfigProblem]) -> dict[str, str]:
    if not _exists(path):
        return {}
    text = _read_text(path)
    if not isinstance(text, str):
        problems.append(text)
        return {}
    from notifyd.config.dotenv import parse_dotenv  # only serve reads such a file

    variables, found = parse_dotenv(str(path), text)
    problems += found
    return variables


def _read_text(path: Path, named_by: str = "") -> str | ConfigProblem:
    place = f"{path} (named by {named_by})" if named_by else str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            return ConfigProblem(f"is larger than {_MOST_BYTES} bytes", place=place)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        return ConfigProblem(f"is not UTF-8 (line {line})", place=place)
    except OSError as exc:
        return ConfigProblem(f"cannot be read: {exc.strerror or exc}", place=place)
