"""notifyctl listen."""

from pathlib import Path
from typing import Annotated, Any

import typer

from notifyctl import complete, payload, stdin
from notifyctl.command import Invocation, command
from notifyctl.exits import Refusal, Status
from notifyctl.following import Follower
from notifyctl.listening import Deadline, Places, Since
from notifyctl.options import Client
from notifyctl.output import Record
from notifyctl.params import duration_option
from notifyctl.positions import position
from notifyctl.publications import PUBLICATION

app = typer.Typer(add_completion=False)


def _since(text: str) -> Since:
    return "beginning" if text == "beginning" else position(text)


class _Enough(Exception):
    """As many publications as were asked for have come."""


@command(
    app,
    "listen",
    example="notifyctl listen orders deploys\n"
    "notifyctl listen orders --since beginning -n 1 --timeout 30s | jq .data\n"
    "notifyctl listen orders --url ws://127.0.0.1:3001 --key-file key.txt",
)
def listen(
    run: Invocation,
    channels: Annotated[
        list[str],
        typer.Argument(metavar="[CHANNEL]...", help="Channels to listen to.", autocompletion=complete.channels),
    ] = [],  # noqa: B006 -- typer copies it
    *,
    since: Annotated[
        Any,
        typer.Option(
            "--since",
            metavar="EPOCH:OFFSET|beginning",
            parser=_since,
            help="First what came after this position, or all that is kept; otherwise only what comes from now on.",
        ),
    ] = None,
    broadcasts: Annotated[bool, typer.Option("--broadcasts", help="Every broadcast of the client too.")] = False,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, metavar="N", help="End after so many; else only when stopped.")
    ] = None,
    timeout: Annotated[
        float | None, duration_option("--timeout", help="End after this; exit status 7 if --count was not reached.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Over WebSocket, as clients do: ws://HOST:PORT or wss://."),
    ] = None,
    key_file: Annotated[
        str | None, typer.Option("--key-file", metavar="FILE", help="The API key for --url; - reads it from stdin.")
    ] = None,
    client: Client = None,
) -> None:
    """Print publications of channels as they come.

    In a pipe each is a JSON object on a line of its own; on a terminal they are shown for reading unless -o says
    otherwise. After a drop it goes on where it was, as far as the history reaches.
    """
    _check(channels, since, url, key_file, broadcasts=broadcasts, client=client)
    places = Places(list(dict.fromkeys(channels)), since)
    printer = _Printer(run, count)
    deadline = Deadline.after(timeout)
    try:
        if url is not None:
            _over_websocket(run, places, printer, deadline, url, str(key_file))
        else:
            follower = Follower(run.daemon, places, client_id=client or "", broadcasts=broadcasts, note=run.output.note)
            for publication in follower.publications(deadline):
                printer(publication)
    except _Enough:
        return
    if count is not None:
        raise Refusal(f"{printer.seen} of {count} came within {timeout:g} s.", Status.TIMED_OUT)


def _check(
    channels: list[str],
    since: Since,
    url: str | None,
    key_file: str | None,
    *,
    broadcasts: bool,
    client: str | None,
) -> None:
    if not channels and not broadcasts:
        raise payload.usage("Name a channel, or say --broadcasts.")
    if isinstance(since, str) and url is not None:
        raise payload.usage("--since beginning needs the admin socket; with --url give a position.")
    if since is not None and since != "beginning" and len(channels) != 1:
        raise payload.usage("A position belongs to one channel: name exactly one with --since.")
    if (url is None) != (key_file is None):
        raise payload.usage("--url and --key-file go together.")
    if url is not None and not url.startswith(("ws://", "wss://")):
        raise payload.usage("--url begins with ws:// or wss://.")
    if url is not None and (broadcasts or client):
        raise payload.usage("With --url the key decides about the client, and broadcasts come by themselves.")


def _over_websocket(
    run: Invocation, places: Places, receive: "_Printer", deadline: Deadline, url: str, key_file: str
) -> None:
    import trio

    from notifyctl.subscriber import Subscriber

    subscriber = Subscriber(url, _key(key_file), places, note=run.output.note)
    trio.run(subscriber.run, receive, deadline)


def _key(key_file: str) -> str:
    text = stdin.read_text() if key_file == "-" else Path(key_file).read_text()
    if not text.strip():
        raise payload.usage(f"There is no key in {key_file}.")
    return text.strip()


class _Printer:
    """Prints publications and counts them."""

    def __init__(self, run: Invocation, count: int | None) -> None:
        self._output = run.output
        self._count = count
        self.seen = 0

    def __call__(self, publication: Record) -> None:
        self._output.each(publication, PUBLICATION)
        self.seen += 1
        if self.seen == self._count:
            raise _Enough
