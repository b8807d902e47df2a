"""notifyctl listen."""

from typing import Annotated, Any

import typer

from notifyctl.command import Invocation, command
from notifyctl.completing import offers
from notifyctl.exits import Refusal, Status, usage
from notifyctl.listening.listener import Listener
from notifyctl.listening.options import Remote, Work
from notifyctl.listening.places import Places, Since
from notifyctl.options import Client
from notifyctl.params import duration_option
from notifyctl.retrying.deadline import Deadline
from notifyctl.values.positions import position

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
        help="The inbox of this user too: first what has not arrived yet. It stays undelivered, unless --ack takes it "
        "in the user's place.",
        autocompletion=offers.users,
    ),
]
_Durable = Annotated[
    str,
    typer.Option(
        "--durable",
        metavar="NAME",
        help="Ack under this name: whoever comes back with it goes on after what was acked. Several at once all get "
        "everything, and an ack by any counts for all.",
        autocompletion=offers.durable_names,
    ),
]


@command(
    app,
    "listen",
    example="notifyctl listen orders deploys\n"
    "notifyctl listen --user alice --client CLIENT_ID\n"
    "notifyctl listen orders --since beginning -n 1 --timeout 30s | jq .data\n"
    'notifyctl listen orders --durable worker | while read -r order; do handle "$order"; done\n'
    "notifyctl listen orders --durable worker --exec ./handle-order --exec-timeout 20s\n"
    "notifyctl listen orders --durable mirror --forward-to https://example.com/hook\n"
    "notifyctl listen orders --url ws://127.0.0.1:3001 --key-file key.txt\n"
    "notifyctl listen --url ws://127.0.0.1:3001 --token-file token.txt\n"
    "notifyctl listen --url http://127.0.0.1:3000/client-CLIENT_ID --token-file token.txt",
    impact="Reads only; acks change what is still to be delivered.",
)
def listen(
    run: Invocation,
    channels: Annotated[
        list[str],
        typer.Argument(metavar="[CHANNEL]...", help="Channels to listen to.", autocompletion=offers.channels),
    ] = [],  # noqa: B006 -- typer copies it
    *,
    since: _SinceOption = None,
    user: _User = "",
    broadcasts: Annotated[bool, typer.Option("--broadcasts", help="Every broadcast of the client too.")] = False,
    ack: Annotated[
        bool, typer.Option("--ack", help="Ack each once it is printed or done; what is not acked is sent again.")
    ] = False,
    durable: _Durable = "",
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, metavar="N", help="End after so many; else only when stopped.")
    ] = None,
    timeout: Annotated[
        float | None, duration_option("--timeout", help="End after this; exit status 7 if --count was not reached.")
    ] = None,
    remote: Remote,
    work: Work,
    client: Client = None,
) -> None:
    """Print publications of channels, and of a user's inbox, as they come, or do something with each.

    In a pipe each is a JSON object on a line of its own; on a terminal they are shown for reading unless -o says
    otherwise. After a drop it goes on where it was, as far as the history reaches.

    With --ack or --durable each is acked after it was written to stdout and not before, so that a name loses nothing
    that was not printed, however this command or the daemon ends; what was printed and not acked then comes again.

    With --exec a command that exits with 0, and with --forward-to an answer 2xx, is what acks. Anything else is counted
    and told on stderr, and with acks refused, so that the daemon sends it again until its tries run out. At the end a
    sentence on stderr sums up, and the exit status is 8 where some failed, 1 where all did.
    """
    _check_places(channels, since, otherwise=bool(user or broadcasts or remote.token_file))
    remote.check(since, alone=bool(broadcasts or client or user))
    work.check()
    _check_acks(channels, durable, wanted=ack, otherwise=bool(user or remote.token_file))
    acked = ack or bool(durable)
    places = Places(list(dict.fromkeys(channels)), since, user, acked, durable, work.concurrency if work.wanted else 0)
    listener = Listener(run, places, work, count, Deadline.after(timeout))
    if remote.url is not None:
        enough = listener.over_network(remote)
    else:
        enough = listener.over_socket(client_id=client or "", broadcasts=broadcasts)
    if count is not None and not enough:
        raise Refusal(f"{listener.seen} of {count} came within {timeout:g} s.", Status.TIMED_OUT)


def _check_places(channels: list[str], since: Since, *, otherwise: bool) -> None:
    """*otherwise*: there is something to listen to beside channels."""
    if not channels and not otherwise:
        raise usage("Name a channel, a user with --user, or say --broadcasts.")
    if since == "beginning" and not channels:
        raise usage("--since is about channels: an inbox is read from its cursor.")
    if since is not None and since != "beginning" and len(channels) != 1:
        raise usage("A position belongs to one channel: name exactly one with --since.")


def _check_acks(channels: list[str], durable: str, *, wanted: bool, otherwise: bool) -> None:
    """*otherwise*: there is something to ack beside channels."""
    if durable and not channels:
        raise usage("--durable is about channels: name one. An inbox has a cursor of its own: say --ack.")
    if wanted and not channels and not otherwise:
        raise usage("--ack is about channels and inboxes: name one. Broadcasts are not acked.")
