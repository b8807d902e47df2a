"""notifyctl config."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifyctl import overlay
from notifyctl.command import Invocation, command, noun
from notifyctl.configured import load, problems_said
from notifyctl.exits import Refusal, Status
from notifyctl.output import Column, Record

if TYPE_CHECKING:
    from notifyd.config import Entry, Loaded

app = noun("Make, check, look at and change the daemon's configuration.")

_FILE = (Column("File", "file", whole=True),)
_CHECKED = (
    Column("File", "file", whole=True),
    Column("Overlay", "overlay", whole=True),
    Column("Warnings", "warnings"),
)
_VALUES = (Column("Key", "key", style="cyan", whole=True), Column("Value", "value"))
_ORIGIN = Column("Origin", "origin")


def _keys() -> list[str]:
    from notifyd.config import catalogue

    return list(catalogue())


Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        envvar=["NOTIFYCTL_CONFIG", "NOTIFYD_CONFIG"],
        metavar="FILE",
        help="The configuration file; searched for unless given.",
    ),
]
Key = Annotated[str, typer.Argument(metavar="KEY", help="A key, such as log.level.", autocompletion=_keys)]


@command(app, "init", example="notifyctl config init\nnotifyctl config init - | less", asks=True)
def init(
    run: Invocation,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="Where to; - for stdout; $XDG_CONFIG_HOME/notifyd/notifyd.toml unless given."
        ),
    ] = None,
) -> None:
    """Write a commented configuration file in which every setting stands with its default."""
    from notifyd.config.example import render_example

    if file == "-":
        sys.stdout.write(render_example())
        return
    path = Path(file) if file else _own_file()
    if path.exists():
        run.confirm(f"Writing over {path}")
    overlay.write(path, render_example(), beside=path)
    run.output.one({"file": str(path)}, _FILE, key="file")


@command(app, "check", example="notifyctl config check /etc/notifyd/notifyd.toml && systemctl restart notifyd")
def check(
    run: Invocation,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The file; searched for as serve does unless given.")
    ] = None,
    *,
    config: Config = None,
) -> None:
    """Check the configuration file, its overlay and the environment without starting anything.

    Whatever is wrong is named with its key, its value, its place and the nearest right key; the exit status is 2.
    """
    from notifyd.config.places import overlay_file

    loaded = load(run.output, _path(file or config))
    path = loaded.file
    lying_over = overlay_file(path) if path else None
    record: Record = {
        "file": str(path) if path and path.exists() else None,
        "overlay": str(lying_over) if lying_over and lying_over.exists() else None,
        "warnings": list(loaded.warnings),
    }
    run.output.one(record, _CHECKED, key="file")


@command(app, "show", example="notifyctl config show --origin\nnotifyctl config show log limits.burst -o json")
def show(
    run: Invocation,
    keys: Annotated[
        list[str],
        typer.Argument(metavar="[KEY]...", help="Keys or sections; everything unless given.", autocompletion=_keys),
    ] = [],  # noqa: B006 -- typer copies it
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Tell where each value comes from.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not a default.")] = False,
    config: Config = None,
) -> None:
    """Show the settings that the files and the environment give; secrets are hidden."""
    loaded = load(run.output, _path(config))
    records = _records(loaded)
    for key in keys:
        if not any(_covers(key, record) for record in records):
            raise Refusal(f"There is no key or section {key}; the nearest is {_nearest(key)}.", Status.NOT_FOUND)
    chosen = [
        record
        for record in records
        if (not keys or any(_covers(key, record) for key in keys)) and not (changed and record["origin"] == "default")
    ]
    columns = _VALUES
    if origin:
        columns = (*_VALUES, _ORIGIN)
    else:
        chosen = [{"key": record["key"], "value": record["value"]} for record in chosen]
    run.output.many(chosen, columns, key="key")


@command(
    app, "set", example="notifyctl config set log.level debug\nnotifyctl config set log.level --unset", changes=True
)
def set_(
    run: Invocation,
    key: Key,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="Lists separated by commas; - reads it from stdin.")
    ] = None,
    *,
    unset: Annotated[bool, typer.Option("--unset", help="Take the key out of the overlay again.")] = False,
    config: Config = None,
) -> None:
    """Change one setting in the overlay beside the configuration file, which stays as it is.

    The whole configuration is checked first, and nothing is written if anything is wrong with it.
    """
    from notifyd.config.places import overlay_file

    if unset is (value is not None):
        raise Refusal("Give a value or --unset, one of the two.", Status.USAGE, code="usage")
    config_file = _config_file(config)
    raw = None if value is None else _raw(run, key, sys.stdin.read().rstrip("\n") if value == "-" else value)
    text, loaded = _with_change(run, config_file, (key, raw))
    path = overlay_file(config_file)
    overlay.write(path, text, beside=config_file)
    _tell(run, key, path, loaded)


def _tell(run: Invocation, key: str, path: Path, loaded: "Loaded") -> None:
    from notifyd.config import catalogue

    record = next((record for record in _records(loaded) if record["key"] == key), {"key": key, "value": None})
    run.output.one({**record, "file": str(path)}, (*_VALUES, _ORIGIN, *_FILE), key="file")
    given = loaded.origins.get(key, "")
    if given.startswith(("environment", ".env")):
        run.output.note(f"{given} lies over it and counts.")
    elif (entry := catalogue().get(key)) is not None:
        way = "`notifyctl config reload`" if entry.setting.reload else "a restart"
        run.output.note(f"A running daemon takes it over with {way}.")


def _with_change(run: Invocation, config_file: Path, change: tuple[str, object | None]) -> tuple[str, "Loaded"]:
    from msgspec.structs import replace

    from notifyd.config.documents import Document, parse_toml
    from notifyd.config.files import read_overlay, read_sources
    from notifyd.config.load import assemble
    from notifyd.config.places import overlay_file

    path = overlay_file(config_file)
    with problems_said(run.output):
        text = overlay.render(overlay.changed(read_overlay(path), *change), config_file)
        named = config_file if config_file.exists() else None
        sources = read_sources(config_file=named, environ=os.environ, flags={}, dotenv=None)
        document = parse_toml(str(path), text)
        assert isinstance(document, Document), "tomli-w writes TOML"
        return text, assemble(replace(sources, path=config_file, overlay=document))


def _raw(run: Invocation, key: str, text: str) -> object:
    """The value of *key* that *text* spells, as TOML holds it."""
    from notifyd.config import ConfigInvalid, ConfigProblem, catalogue
    from notifyd.config.gathering import shown
    from notifyd.config.values import ValueRefused, from_text

    with problems_said(run.output):
        entry = catalogue().get(key)
        if entry is None:
            raise ConfigInvalid([ConfigProblem("unknown key", key, nearest=_nearest(key))])
        try:
            return _plain(from_text(entry, text))
        except ValueRefused as exc:
            raise ConfigInvalid([ConfigProblem(str(exc), key, shown(entry, text))]) from exc


def _records(loaded: "Loaded") -> list[Record]:
    from msgspec import to_builtins

    from notifyd.config import catalogue, value_of

    records = [
        {"key": path, "value": _shown(entry, value_of(loaded.settings, path)), "origin": loaded.origins[path]}
        for path, entry in catalogue().items()
    ]
    rules = [
        {name: value for name, value in rule.items() if value is not None}
        for rule in to_builtins(loaded.settings.channels)
    ]
    return [*records, {"key": "channels", "value": rules, "origin": loaded.origins["channels"]}]


def _shown(entry: "Entry", value: Any) -> object:
    from notifyd.config.gathering import SECRET

    return SECRET if entry.setting.secret and value != entry.default else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else "" if value is None else value


def _covers(key: str, record: Record) -> bool:
    return bool(record["key"] == key or record["key"].startswith(f"{key}."))


def _nearest(key: str) -> str:
    from notifyd.config import catalogue
    from notifyd.config.problems import nearest

    return nearest(key, catalogue())


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _own_file() -> Path:
    from notifyd.config.places import SYSTEM_FILE, user_file

    return user_file(os.environ) or SYSTEM_FILE


def _config_file(config: str | None) -> Path:
    """The configuration file that an overlay is to lie over, there or not."""
    from notifyd.config.files import find_config_file

    found, _ = find_config_file(_path(config), os.environ)
    return found or _own_file()
