"""notifyctl serve, which is also the program notifyd."""

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from notifyctl.exits import Status
from notifyctl.params import PlainCommand

app = typer.Typer(add_completion=False)

_HELP = """Start the daemon and stay in the foreground until it is drained or interrupted.

Settings come from options, then NOTIFYD_SECTION_KEY, the names of the channel service (PORT, WS_PORT, ...), a .env file
in the working directory, the configuration file, and defaults. Which one counts tells
`notifyctl config show --running --origin`.

Starts a daemon.

\b
Example:
  notifyctl serve --dev
  notifyd --config /etc/notifyd/notifyd.toml -S limits.requests_per_minute=600
"""


def _text(*names: str, metavar: str, sentence: str, envvar: str | None = None) -> object:
    return typer.Option(*names, metavar=metavar, help=sentence, envvar=envvar)


@app.command("serve", cls=PlainCommand, help=_HELP, short_help="Start the daemon.")
def serve(
    config: Annotated[
        str | None,
        _text("--config", "-c", metavar="FILE", sentence="The configuration file; NOTIFYD_CONFIG names it too."),
    ] = None,
    dev: Annotated[
        bool, typer.Option("--dev", help="Development mode: no admin token is asked for; loopback addresses only.")
    ] = False,
    host: Annotated[str | None, _text("--host", metavar="ADDRESS", sentence="Where to listen.")] = None,
    port: Annotated[
        str | None, _text("--port", metavar="PORT", sentence="Port of HTTP and WebSocket; 0 takes any.")
    ] = None,
    ws_port: Annotated[
        str | None, _text("--ws-port", metavar="PORT", sentence="Second port, of WebSocket alone; 0 takes any.")
    ] = None,
    grpc_port: Annotated[
        str | None, _text("--grpc-port", metavar="PORT", sentence="Port of gRPC; 0 takes any.")
    ] = None,
    workers: Annotated[
        str | None,
        _text("--workers", metavar="N", sentence="Processes behind the same ports; more than one needs Redis."),
    ] = None,
    state_dir: Annotated[
        str | None, _text("--state-dir", metavar="FOLDER", sentence="Where the daemon keeps what must last.")
    ] = None,
    socket: Annotated[
        str | None,
        _text(
            "--socket",
            metavar="PATH",
            sentence="The admin socket, where notifyctl finds it.",
            envvar="NOTIFYCTL_SOCKET",
        ),
    ] = None,
    log_level: Annotated[
        str | None, _text("--log-level", metavar="LEVEL", sentence="debug, info, warning or error.")
    ] = None,
    setting: Annotated[
        list[str],
        _text(
            "--set", "-S", metavar="KEY=VALUE", sentence="Any other setting. Repeatable.", envvar="NOTIFYCTL_SERVE_SET"
        ),
    ] = [],  # noqa: B006 -- typer copies it
) -> None:
    given = {
        "--host": host,
        "--port": port,
        "--ws-port": ws_port,
        "--grpc-port": grpc_port,
        "--state-dir": state_dir,
        "--socket": socket,
        "--workers": workers,
        "--log-level": log_level,
    }
    flags = {name: value for name, value in given.items() if value is not None}
    raise typer.Exit(start(config, dev=dev, flags=flags | _settings(setting)))


def _settings(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--set")
        pairs[key.strip()] = value
    return pairs


def start(config: str | None, *, dev: bool, flags: dict[str, str]) -> int:
    """Load the settings and run the daemon; the exit status, 2 when a setting is wrong."""
    gc.enable()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        # trio looks after an interrupt itself, until the daemon takes it for a drain
        signal.signal(signal.SIGINT, signal.default_int_handler)
    from notifyd.config import ConfigInvalid, Loaded, load_settings
    from notifyd.config.documents import Document

    def read(overlay: Document | None = None) -> Loaded:
        return load_settings(
            config_file=Path(config) if config else None,
            environ=os.environ,
            flags=flags,
            dotenv=Path(".env"),
            dev=dev,
            overlay=overlay,
        )

    try:
        loaded = read()
    except ConfigInvalid as exc:
        sys.stderr.write(f"Error: the daemon was not started.\n{exc.message}\n")
        return Status.USAGE
    if loaded.settings.server.workers > 1:
        from notifyd.app.workers.run import Invocation, supervise

        return supervise(loaded, Invocation(config, flags, dev))
    from notifyd.app.run import serve as run_daemon

    return run_daemon(loaded, dev=dev, reload=read)
