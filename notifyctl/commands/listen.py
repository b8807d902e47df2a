"""notifyctl listen."""

from typing import Annotated, Any

import typer

from notifyctl import complete, payload
from notifyctl.acking import Acker
from notifyctl.command import Invocation, command
from notifyctl.exits import Refusal, Status
from notifyctl.following import Follower
from notifyctl.listening import Deadline, Enough, Places, Since
from notifyctl.options import Client
from notifyctl.output import Record
from notifyctl.params import duration_option
from notifyctl.positions import position
from notifyctl.publications import PUBLICATION
from notifyctl.secret_files import read_secret

app = typer.Typer(add_completion=False)


def _since(text: str) -> Since:
    return "beginning" if text == "beginning" else position(text)


_SinceOption = Annotated[
    Any,
    typer.Option(
        "--since",
        metavar="EPOCH:OFFSET|beginning",
        parser=_since,
        help="First what came after this position, or all that is kept; otherwise only what comes from now on.",
    ),
]
_User = Annotated[
    str,
    typer.Option(
        "--user",
        "-u",
        metavar="ID",
        help="The inbox of this user too: first what has not arrived yet. It stays undelivered.",
        autocompletion=complete.users,
    ),
]
_Durable = Annotated[
    str,
    typer.Option(
        "--durable",
        metavar="NAME",
        help="Ack under this name: whoever comes back with it goes on after what was acked. Several at once all get "
        "everything, and an ack by any counts for all.",
        autocompletion=complete.durable_names,
    ),
]
_TokenFile = Annotated[
    str | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="A user's token for --url in place of a key: the inbox comes too, and counts as delivered.",
    ),
]


@command(
    app,
    "listen",
    example="notifyctl listen orders deploys\n"
    "notifyctl listen --user alice --client CLIENT_ID\n"
    "notifyctl listen orders --since beginning -n 1 --timeout 30s | jq .data\n"
    'notifyctl listen orders --durable worker | while read -r order; do handle "$order"; done\n'
    "notifyctl listen orders --url ws://127.0.0.1:3001 --key-file key.txt\n"
    "notifyctl listen --url ws://127.0.0.1:3001 --token-file token.txt",
)
def listen(
    run: Invocation,
    channels: Annotated[
        list[str],
        typer.Argument(metavar="[CHANNEL]...", help="Channels to listen to.", autocompletion=complete.channels),
    ] = [],  # noqa: B006 -- typer copies it
    *,
    since: _SinceOption = None,
    user: _User = "",
    broadcasts: Annotated[bool, typer.Option("--broadcasts", help="Every broadcast of the client too.")] = False,
    ack: Annotated[
        bool, typer.Option("--ack", help="Ack each once it is printed; what is not acked is sent again.")
    ] = False,
    durable: _Durable = "",
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
    token_file: _TokenFile = None,
    client: Client = None,
) -> None:
    """Print publications of channels, and of a user's inbox, as they come.

    In a pipe each is a JSON object on a line of its own; on a terminal they are shown for reading unless -o says
    otherwise. After a drop it goes on where it was, as far as the history reaches.

    With --ack or --durable each is acked after it was written to stdout and not before, so that a name loses nothing
    that was not printed, however this command or the daemon ends; what was printed and not acked then comes again.
    """
    _check_places(channels, since, otherwise=bool(user or broadcasts or token_file))
    _check_way(since, url, (key_file, token_file), alone=bool(broadcasts or client or user))
    _check_acks(channels, durable, wanted=ack, otherwise=token_file is not None)
    places = Places(list(dict.fromkeys(channels)), since, user, ack or bool(durable), durable)
    printer = _Printer(run, count)
    deadline = Deadline.after(timeout)
    try:
        if url is not None:
            _over_websocket(run, places, printer, deadline, url, _credential(key_file, token_file))
        else:
            _over_the_socket(run, places, printer, deadline, client_id=client or "", broadcasts=broadcasts)
    except Enough:
        return
    if count is not None:
        raise Refusal(f"{printer.seen} of {count} came within {timeout:g} s.", Status.TIMED_OUT)


def _check_places(channels: list[str], since: Since, *, otherwise: bool) -> None:
    """*otherwise*: there is something to listen to beside channels."""
    if not channels and not otherwise:
        raise payload.usage("Name a channel, a user with --user, or say --broadcasts.")
    if since == "beginning" and not channels:
        raise payload.usage("--since is about channels: an inbox is read from its cursor.")
    if since is not None and since != "beginning" and len(channels) != 1:
        raise payload.usage("A position belongs to one channel: name exactly one with --since.")


def _check_acks(channels: list[str], durable: str, *, wanted: bool, otherwise: bool) -> None:
    """*otherwise*: there is something to ack beside channels."""
    if durable and not channels:
        raise payload.usage("--durable is about channels: name one.")
    if wanted and not channels and not otherwise:
        raise payload.usage("--ack is about channels: name one.")


def _check_way(since: Since, url: str | None, credentials: tuple[str | None, str | None], *, alone: bool) -> None:
    """*alone*: an option was given that only the admin socket knows."""
    if isinstance(since, str) and url is not None:
        raise payload.usage("--since beginning needs the admin socket; with --url give a position.")
    if sum(file is not None for file in credentials) != (0 if url is None else 1):
        raise payload.usage("--url goes with --key-file or --token-file, and they with it.")
    if url is not None and not url.startswith(("ws://", "wss://")):
        raise payload.usage("--url begins with ws:// or wss://.")
    if url is not None and alone:
        raise payload.usage(
            "With --url the key or the token decides about the client, and broadcasts come by themselves."
        )


def _credential(key_file: str | None, token_file: str | None) -> Record:
    if token_file is not None:
        return {"token": read_secret(token_file, "token")}
    return {"apiKey": read_secret(str(key_file), "key")}


def _over_the_socket(
    run: Invocation, places: Places, receive: "_Printer", deadline: Deadline, *, client_id: str, broadcasts: bool
) -> None:
    acker = Acker(run.daemon.another(), run.output.note, durable=bool(places.durable)) if places.ack else None
    follower = Follower(
        run.daemon, places, client_id=client_id, broadcasts=broadcasts, note=run.output.note, acker=acker
    )
    publications = follower.publications(deadline)
    try:
        for publication in publications:
            receive(publication, acker)
    finally:
        # First the acks: with the stream goes the connection that they name.
        if acker is not None:
            acker.close()
        publications.close()


def _over_websocket(
    run: Invocation, places: Places, receive: "_Printer", deadline: Deadline, url: str, credential: Record
) -> None:
    import trio

    from notifyctl.subscriber import Subscriber

    subscriber = Subscriber(url, credential, places, note=run.output.note)
    trio.run(subscriber.run, receive, deadline)


class _Printer:
    """Prints publications and counts them."""

    def __init__(self, run: Invocation, count: int | None) -> None:
        self._output = run.output
        self._count = count
        self.seen = 0

    def __call__(self, publication: Record, acker: Acker | None = None) -> None:
        self._output.each(publication, PUBLICATION)
        if acker is not None:
            acker.printed(publication)
        self.seen += 1
        if self.seen == self._count:
            raise Enough
