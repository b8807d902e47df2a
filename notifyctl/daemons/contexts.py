"""Contexts: names for the daemons that an operator looks after, in a file of the operator's own.

The file holds no secret. It says where the admin token is sent, so that nobody else may change it.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notifyctl.daemons.remote import Remote, parse_url
from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT: Final = "default"
"""The context of who has none: the daemon of this machine, which is searched for."""
VARIABLE: Final = "NOTIFYCTL_CONTEXT"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MOST_BYTES: Final = 1024 * 1024
_WRITABLE_BY_OTHERS: Final = 0o022
_KEYS: Final = ("socket", "url", "ca_file", "server_name", "token_file")


@dataclass(frozen=True)
class Context:
    """Where one daemon is: a socket of this machine, or a port elsewhere; neither for the default."""

    name: str
    socket: str | None = None
    remote: Remote | None = None

    def tables(self) -> dict[str, str]:
        """As it stands in the file."""
        if self.remote is None:
            return {"socket": self.socket} if self.socket else {}
        said = {
            "url": self.remote.url,
            "ca_file": self.remote.ca_file,
            "server_name": self.remote.server_name,
            "token_file": self.remote.token_file,
        }
        return {key: value for key, value in said.items() if value}


@dataclass(frozen=True)
class Contexts:
    """Every context by name, and the one that counts where nothing else is said."""

    current: str = DEFAULT
    by_name: dict[str, Context] = field(default_factory=dict)

    def find(self, name: str) -> Context:
        """The context *name*.

        Raises:
            Refusal: there is none.
        """
        if name == DEFAULT:
            return Context(DEFAULT)
        found = self.by_name.get(name)
        if found is None:
            known = ", ".join([DEFAULT, *self.by_name])
            raise Refusal(f"There is no context {name}; there are {known}.", Status.NOT_FOUND, code="no_such_context")
        return found

    def with_(self, context: Context, *, use: bool) -> Contexts:
        """These, and *context*, which takes the place of one of its name."""
        current = context.name if use else self.current
        return Contexts(current, {**self.by_name, context.name: context})

    def without(self, name: str) -> Contexts:
        """These, but not the one of that name."""
        left = {key: context for key, context in self.by_name.items() if key != name}
        return Contexts(DEFAULT if self.current == name else self.current, left)

    def using(self, name: str) -> Contexts:
        """These, with that one as the current one."""
        return replace(self, current=name)


def check_name(name: str) -> None:
    """Refuse what cannot name a context.

    Raises:
        Refusal: it is empty, too long, the name of the default, or of characters that a shell would split.
    """
    if name == DEFAULT or not _NAME.fullmatch(name):
        raise Refusal(
            f"A context cannot be called {name!r}: take 1 to 64 letters, digits, dots, dashes and underscores, but not "
            f"{DEFAULT}, which is the daemon of this machine.",
            Status.USAGE,
            code="usage",
        )


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where notifyctl keeps what is the operator's own."""
    given = environ.get("XDG_CONFIG_HOME", "")
    # the XDG specification wants relative values ignored
    config = Path(given) if given.startswith("/") else Path(os.path.expanduser("~/.config"))
    return config / "notifyctl"


def file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file of contexts."""
    return folder(environ) / "contexts.toml"


def token_file(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the admin token is kept that was handed over for the context *name*."""
    return folder(environ) / "tokens" / name


def load(path: Path | None = None) -> Contexts:
    """What the file says; none where there is no file.

    Raises:
        Refusal: it can be changed by others, or is no such file.
    """
    path = path or file()
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_mode & _WRITABLE_BY_OTHERS:
                raise _bad(path, f"can be changed by others, and says where the admin token goes: chmod 600 {path}")
            text = stream.read(_MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        return Contexts()
    except (OSError, UnicodeDecodeError) as exc:
        raise _bad(path, f"cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _bad(path, f"is no TOML: {exc}") from exc
    return _read(path, tables)


def _read(path: Path, tables: dict[str, Any]) -> Contexts:
    said = tables.get("contexts", {})
    current = tables.get("current", DEFAULT)
    if not isinstance(said, dict) or not isinstance(current, str):
        raise _bad(path, "needs `current` to be a name and `contexts` to be tables")
    return Contexts(current, {name: _context(path, name, table) for name, table in said.items()})


def _context(path: Path, name: str, table: Any) -> Context:
    wrong = [key for key in table if key not in _KEYS] if isinstance(table, dict) else ["nothing"]
    if wrong or not all(isinstance(value, str) for value in table.values()):
        raise _bad(
            path, f"[contexts.{name}] holds {wrong[0] if wrong else 'what is no text'}: it knows {', '.join(_KEYS)}"
        )
    if url := table.get("url"):
        others = {key: table.get(key, "") for key in ("ca_file", "server_name", "token_file")}
        return Context(name, remote=parse_url(url, **others))
    return Context(name, table.get("socket"))


def save(contexts: Contexts, path: Path | None = None) -> Path:
    """Put *contexts* into the file, which only its owner can read; at once or not at all.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    import tomli_w

    path = path or file()
    document = {
        **({} if contexts.current == DEFAULT else {"current": contexts.current}),
        "contexts": {name: context.tables() for name, context in contexts.by_name.items()},
    }
    write_private(path, "# Written by `notifyctl context`.\n\n" + tomli_w.dumps(document))
    return path


def write_private(path: Path, text: str) -> None:
    """Put *text* into *path* at once or not at all, readable for its owner alone.

    Raises:
        OSError: it cannot be written; *path* is as it was.
    """
    _make_private(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _make_private(place: Path) -> None:
    """Make the folder *place* and those above it that are missing, for their owner alone."""
    if not place.exists():
        _make_private(place.parent)
        place.mkdir(mode=0o700, exist_ok=True)


def _bad(path: Path, problem: str) -> Refusal:
    return Refusal(f"The contexts in {path} cannot be used: it {problem}.", Status.USAGE, code="contexts_invalid")
