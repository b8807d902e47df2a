"""The options of `listen` that belong together, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from notifyctl.exits import usage
from notifyctl.params import duration_option

EXEC_SECONDS: Final = 25.0
FORWARD_SECONDS: Final = 60.0
_MOST_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Remote:
    """Options that say where to listen over the network, and as whom."""

    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Over the network, as clients do: ws://HOST:PORT or wss:// for WebSocket, http://HOST:PORT/client-ID "
            "or https:// for Socket.IO.",
        ),
    ] = None
    key_file: Annotated[
        str | None, typer.Option("--key-file", metavar="FILE", help="The API key for --url; - reads it from stdin.")
    ] = None
    token_file: Annotated[
        str | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="A user's token for --url in place of a key: the inbox comes too, and counts as delivered.",
        ),
    ] = None
    ca_file: Annotated[
        str | None,
        typer.Option(
            "--ca-file", metavar="FILE", help="Certificates (PEM) to trust for --url, in place of the system's."
        ),
    ] = None
    socketio_path: Annotated[
        str, typer.Option("--socketio-path", metavar="PATH", help="Where --url serves Socket.IO.")
    ] = "/socket.io"

    @property
    def over_socketio(self) -> bool:
        """Whether --url means Socket.IO."""
        return (self.url or "").startswith(("http://", "https://"))

    def check(self, since: Any, *, alone: bool) -> None:
        """Pass when they fit together; *alone*: an option was given that only the admin socket knows.

        Raises:
            Refusal: they do not.
        """
        credentials = sum(file is not None for file in (self.key_file, self.token_file))
        if credentials != (0 if self.url is None else 1):
            raise usage("--url goes with --key-file or --token-file, and they with it.")
        if self.url is None:
            if self.ca_file is not None:
                raise usage("--ca-file goes with --url.")
            return
        if isinstance(since, str):
            raise usage("--since beginning needs the admin socket; with --url give a position.")
        if not self.url.startswith(("ws://", "wss://", "http://", "https://")):
            raise usage("--url begins with ws:// or wss:// for WebSocket, or with http:// or https:// for Socket.IO.")
        if self.over_socketio and self.token_file is None:
            raise usage("Over Socket.IO a user's token is asked for: give --token-file. A key goes with ws://.")
        if alone:
            raise usage("With --url the key or the token decides about the client, and broadcasts come by themselves.")


@dataclass(frozen=True)
class Work:
    """Options that have something done with each publication in place of printing it."""

    command: Annotated[
        str | None,
        typer.Option(
            "--exec",
            metavar="COMMAND",
            help="Run this for each in place of printing it, without a shell: the publication comes on stdin as one "
            "JSON object, and NOTIFYD_ID, _CHANNEL, _EPOCH, _OFFSET and _PRIORITY tell of it.",
        ),
    ] = None
    exec_timeout: Annotated[
        float, duration_option("--exec-timeout", help="How long one command may take.", show_default="25s")
    ] = EXEC_SECONDS
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            max=_MOST_AT_ONCE,
            metavar="N",
            help="How many commands of --exec run at once; with 1 they run in order.",
        ),
    ] = 1
    forward_to: Annotated[
        str | None,
        typer.Option(
            "--forward-to",
            metavar="URL",
            help="POST each to this, in order, as the JSON object that would be printed, with its id as "
            "Idempotency-Key; tried again on 429, 5xx and lost connections.",
        ),
    ] = None
    forward_timeout: Annotated[
        float,
        duration_option("--forward-timeout", help="How long all tries for one may take.", show_default="1m"),
    ] = FORWARD_SECONDS
    forward_token_file: Annotated[
        str | None,
        typer.Option("--forward-token-file", metavar="FILE", help="What --forward-to shows as Authorization: Bearer."),
    ] = None

    @property
    def wanted(self) -> bool:
        """Whether anything is to be done."""
        return self.command is not None or self.forward_to is not None

    def check(self) -> None:
        """Pass when they fit together.

        Raises:
            Refusal: they do not.
        """
        if self.command is not None and self.forward_to is not None:
            raise usage("Give --exec or --forward-to, not both.")
        if self.concurrency > 1 and self.command is None:
            raise usage("--concurrency is about --exec; --forward-to keeps the order.")
        if self.forward_token_file is not None and self.forward_to is None:
            raise usage("--forward-token-file goes with --forward-to.")
        if self.exec_timeout <= 0 or self.forward_timeout <= 0:
            raise usage("--exec-timeout and --forward-timeout are more than nothing.")
        if self.forward_to is not None:
            _check_http(self.forward_to)


def _check_http(url: str) -> None:
    try:
        place = urlsplit(url)
        good = place.scheme in ("http", "https") and place.hostname and place.port != 0
    except ValueError:
        good = False
    if not good:
        raise usage("--forward-to is a URL that begins with http:// or https://.")
    if place.username or place.password:
        raise usage("--forward-to holds a password, which every process can read: use --forward-token-file.")
