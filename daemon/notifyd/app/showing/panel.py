"""What `serve --dev` prints once it is up: where it is, and three commands to paste."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.service.daemon import Listener


def show_panel(listeners: Sequence[Listener], *, default_socket: bool, console: bool = True) -> None:
    """Print to standard output, framed where that is a terminal."""
    socket = next(listener.url.removeprefix("unix:") for listener in listeners if listener.name == "admin")
    text = panel_text(listeners, program(), "" if default_socket else socket, console=console)
    if not sys.stdout.isatty():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    from rich.console import Console
    from rich.panel import Panel

    panel = Panel(text, title="notifyd, development mode", subtitle="Ctrl-C ends it", expand=False)
    Console().print(panel)


def panel_text(listeners: Sequence[Listener], command: str, socket: str, *, console: bool = True) -> str:
    """The addresses and the commands; *socket* is named where notifyctl would not find it by itself."""
    urls = {listener.name: listener.url for listener in listeners}
    ctl = f"{command} --socket {shlex.quote(socket)}" if socket else command
    lines = [
        f"REST and WebSocket  {urls['http']}",
        *([f"WebSocket           {urls['ws']}"] if "ws" in urls else []),
        f"Socket.IO           {urls['http']}/client-{{clientId}}",
        *([f"gRPC                {urls['grpc']}"] if "grpc" in urls else []),
        f"Try it out          {urls['http']}/api/docs",
        *([f"Console             {urls['http']}/console"] if console else []),
        "",
        "Paste into a second terminal: make a key, listen, send.",
        "",
        f"{ctl} keys create --name demo",
        f"{ctl} listen updates &",
        f'{ctl} send --channel updates "Hello"',
    ]
    return "\n".join(lines)


def program() -> str:
    """How notifyctl is called from a shell here: by name where that finds it, else by its path."""
    beside = Path(sys.argv[0]).absolute().with_name("notifyctl")
    found = shutil.which("notifyctl")
    if not beside.exists() or (found and Path(found).resolve() == beside.resolve()):
        return "notifyctl"
    try:
        return shlex.quote(str(beside.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(beside))
