"""notifyctl config."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.configuring import docs, settings
from notifyctl.configuring.configured import load, problems_said
from notifyctl.exits import Refusal, Status
from notifyctl.showing.output import Column, Record

app = noun("Make, check, look at and change the daemon's configuration.")

_KEY = Column("Key", "key", style="cyan")
_VALUE = Column("Value", "value")
_ORIGIN = Column("Origin", "origin")
_RELOADABLE = Column("Reloadable", "reloadable")
_FILE = Column("File", "file")
_CHECKED = (_FILE, Column("Overlay", "overlay"), Column("Warnings", "warnings"))

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
Target = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="Where to; - for stdout, $XDG_CONFIG_HOME/notifyd/notifyd.toml by default."),
]
Checked = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="The file; searched for as serve does unless given.")
]
Wanted = Annotated[
    list[str],
    typer.Argument(metavar="[KEY]...", help="Keys or sections; all unless given.", autocompletion=settings.keys),
]
Documented = Annotated[
    list[str],
    typer.Argument(
        metavar="[SETTING]...",
        help="Keys, sections or environment variables; all unless given.",
        autocompletion=docs.names,
    ),
]
Key = Annotated[str, typer.Argument(metavar="KEY", help="A key, such as log.level.", autocompletion=settings.keys)]
Value = Annotated[
    str | None, typer.Argument(metavar="[VALUE]", help="Lists separated by commas; - reads it from stdin.")
]


@command(app, "init", example="notifyctl config init\nnotifyctl config init - | less", asks=True)
def init(run: Invocation, file: Target = None) -> None:
    """Write a commented configuration file in which every setting stands with its default."""
    from notifyd.config.example import render_example
    from notifyd.config.files import write_file

    if file == "-":
        sys.stdout.write(render_example())
        return
    path = Path(file) if file else _own_file()
    if path.exists():
        run.confirm(f"Writing over {path}")
    write_file(path, render_example(), beside=path)
    run.output.one({"file": str(path)}, (_FILE,), key="file")


@command(app, "check", example="notifyctl config check /etc/notifyd/notifyd.toml && systemctl restart notifyd")
def check(run: Invocation, file: Checked = None, *, config: Config = None) -> None:
    """Check the configuration file, its overlay and the environment without starting anything.

    Whatever is wrong is named with its key, its value, its place and the nearest right key; the exit status is 2.
    """
    from notifyd.config.places import overlay_file

    loaded = load(run.output, _path(file or config))
    path = loaded.file
    record: Record = {
        "file": _if_there(path),
        "overlay": _if_there(overlay_file(path) if path else None),
        "warnings": list(loaded.warnings),
    }
    run.output.one(record, _CHECKED, key="file")


@command(
    app,
    "doc",
    example="notifyctl config doc delivery.max_queue_size\n"
    "notifyctl config doc HEARTBEAT_INTERVAL REDIS_HOST\n"
    "notifyctl config doc history -o json | jq '.[] | select(.effect == \"restart\").key'",
)
def doc(run: Invocation, names: Documented = []) -> None:  # noqa: B006 -- typer copies it
    """Tell what settings are: meaning, type, unit, bounds, default, other names, and what a change of them needs.

    A change takes effect on a reload (`notifyctl config reload`) or after a restart.
    """
    found = docs.find(names)
    if len(found) == 1:
        run.output.one(found[0], docs.details(found[0]), key="key")
    else:
        run.output.many(found, docs.OVERVIEW, key="key")


@command(
    app,
    "show",
    example="notifyctl config show --origin\n"
    "notifyctl config show log limits.burst -o json\n"
    "notifyctl config show --running --changed",
)
def show(
    run: Invocation,
    keys: Wanted = [],  # noqa: B006 -- typer copies it
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Tell where each value comes from.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not a default.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Ask the daemon for what is in force.")] = False,
    config: Config = None,
) -> None:
    """Show the settings that the files and the environment give, or those in force; secrets are hidden.

    Of a daemon elsewhere (--context) those in force are shown.
    """
    running = running or (config is None and run.daemon.remote is not None)
    if running:
        from notifyd.v1 import admin_pb2 as pb

        everything = settings.in_force(run.daemon.call("GetConfig", pb.GetConfigRequest()).values)
    else:
        everything = settings.records(load(run.output, _path(config)))
    found = settings.select(everything, keys)
    if changed:
        found = [record for record in found if record["origin"] != "default"]
    if origin:
        columns = (_KEY, _VALUE, _ORIGIN, _RELOADABLE) if running else (_KEY, _VALUE, _ORIGIN)
        run.output.many(found, columns, key="key")
    else:
        short = [{"key": record["key"], "value": record["value"]} for record in found]
        run.output.many(short, (_KEY, _VALUE), key="key")


@command(
    app,
    "set",
    example="notifyctl config set log.level debug\nnotifyctl config set log.level --unset",
    changes=True,
)
def set_(
    run: Invocation,
    key: Key,
    value: Value = None,
    *,
    unset: Annotated[bool, typer.Option("--unset", help="Take the key out of the overlay again.")] = False,
    config: Config = None,
) -> None:
    """Change one setting in the overlay beside the configuration file, which stays as it is.

    The whole configuration is checked first, and nothing is written if anything is wrong with it. A daemon elsewhere
    (--context) is asked to do so, and takes the change over at once; there only what needs no restart can be changed.
    """
    from notifyd.config import overlay
    from notifyd.config.files import read_overlay, write_file
    from notifyd.config.places import overlay_file

    if unset is (value is not None):
        raise Refusal("Give a value or --unset, one of the two.", Status.USAGE, code="usage")
    if run.daemon.remote is not None:
        _set_elsewhere(run, key, value, config)
        return
    config_file = _config_file(config)
    path = overlay_file(config_file)
    with problems_said(run.output):
        held = read_overlay(path)
        if value is None:
            tables = _without(held, key)
        else:
            tables = overlay.changed(held, key, settings.spelled(key, sys.stdin.read() if value == "-" else value))
        loaded = overlay.preview(config_file, tables, os.environ, named=config is not None)
    write_file(path, overlay.text_of(config_file, tables), beside=config_file)
    found = [record for record in settings.records(loaded) if record["key"] == key]
    run.output.one({**(found or [{"key": key}])[0], "file": str(path)}, (_KEY, _VALUE, _ORIGIN, _FILE), key="file")
    run.output.note(_effect(key, loaded.origins.get(key, "")))


@command(app, "reload", example="notifyctl config set log.level debug && notifyctl config reload", changes=True)
def reload(run: Invocation) -> None:
    """Have the daemon read its configuration again.

    It takes over what can change while it runs, and tells what waits for a restart. If anything is wrong with it
    nothing changes, and the exit status is 2.
    """
    from notifyctl.showing import convert
    from notifyd.v1 import admin_pb2 as pb

    answer = convert.record(run.daemon.call("ReloadConfig", pb.ReloadConfigRequest()))
    run.output.one(answer, (Column("Applied", "applied"), Column("Waits for a restart", "needRestart")))


def _set_elsewhere(run: Invocation, key: str, value: str | None, config: str | None) -> None:
    """Have the daemon of the context change its own configuration."""
    from notifyd.config.values import to_toml
    from notifyd.v1 import admin_pb2 as pb

    if config is not None:
        raise Refusal("--config names a file of this machine, and the daemon is elsewhere.", Status.USAGE, code="usage")
    text = ""
    if value is not None:
        with problems_said(run.output):
            spelled = settings.spelled(key, sys.stdin.read() if value == "-" else value)
        text = to_toml(tuple(spelled) if isinstance(spelled, list) else spelled)  # type: ignore[arg-type]
    change = pb.ConfigChange(key=key, value=text)
    answer = run.daemon.call("ChangeConfig", pb.ChangeConfigRequest(changes=[change]))
    (found,) = settings.select(settings.in_force(run.daemon.call("GetConfig", pb.GetConfigRequest()).values), [key])
    run.output.one({**found, "file": answer.overlay}, (_KEY, _VALUE, _ORIGIN, _FILE), key="file")
    if key in answer.overridden:
        run.output.note(f"{found['origin']} lies over it and counts.")


def _without(held: dict[str, object], key: str) -> dict[str, object]:
    from notifyd.config import overlay

    tables = overlay.changed(held, key, None)
    if tables == held:
        raise Refusal(f"The overlay does not hold {key}.", Status.NOT_FOUND)
    return tables


def _effect(key: str, origin: str) -> str:
    from notifyd.config import catalogue

    if origin.startswith("environment"):
        return f"{origin} lies over it and counts."
    entry = catalogue().get(key)
    way = "a restart" if entry and not entry.setting.reload else "`notifyctl config reload`"
    return f"A running daemon takes it over with {way}."


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _if_there(path: Path | None) -> str | None:
    return str(path) if path and path.exists() else None


def _own_file() -> Path:
    from notifyd.config.places import own_file

    return own_file(os.environ)


def _config_file(config: str | None) -> Path:
    """The configuration file that an overlay is to lie over, there or not."""
    from notifyd.config.files import find_config_file

    found, _ = find_config_file(_path(config), os.environ)
    return found or _own_file()
