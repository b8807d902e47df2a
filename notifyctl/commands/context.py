"""notifyctl context."""

import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.daemons import contexts
from notifyctl.daemons.contexts import Context
from notifyctl.daemons.remote import Remote, check_token, parse_url
from notifyctl.exits import Refusal, Status, usage
from notifyctl.secrets.files import read_secret
from notifyctl.showing.output import Column, Record

app = noun("Name the daemons that you look after, here and elsewhere, and choose one.")

_LISTED = (
    Column("Current", "current"),
    Column("Name", "name", style="cyan"),
    Column("Place", "place"),
    Column("TLS", "tls", spare=True),
    Column("Token file", "tokenFile", spare=True),
)
_SHOWN = (
    *_LISTED[1:4],
    Column("CA file", "caFile"),
    Column("Server name", "serverName"),
    _LISTED[4],
    _LISTED[0],
)
_SEARCHED = "this machine"

_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the context.", autocompletion=offers.context_names)]
_NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
_MaybeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="Name of the context; the one in use unless given.",
        autocompletion=offers.context_names,
    ),
]


@command(app, "list", example="notifyctl context list\nnotifyctl context list -q", impact="Reads a file of yours only.")
def list_(run: Invocation) -> None:
    """List the contexts, and which of them is in use.

    The context `default` is always there: it is the daemon of this machine.
    """
    found = contexts.load()
    names = [contexts.DEFAULT, *found.by_name]
    run.output.many([_record(found.find(name), found.current) for name in names], _LISTED, key="name")


@command(
    app,
    "add",
    example="notifyctl context add shop --url grpcs://shop.example:50052 --ca-file ca.pem --token-file shop.token\n"
    "ssh shop notifyctl tokens admin | notifyctl context add shop --url grpcs://shop.example --token-file -\n"
    "notifyctl context add staging --socket /run/staging/admin.sock --use",
    impact="Changes a file of yours only.",
)
def add(
    run: Invocation,
    name: _NewName,
    *,
    socket: Annotated[
        str | None,
        typer.Option("--socket", envvar="NOTIFYCTL_CONTEXT_ADD_SOCKET", metavar="PATH", help="An admin socket here."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="grpcs://HOST:PORT, where a daemon has admin.remote on."),
    ] = None,
    ca_file: Annotated[
        str | None,
        typer.Option(
            "--ca-file",
            metavar="FILE",
            help="PEM file of the CA that issued its certificate; the system's unless given.",
        ),
    ] = None,
    server_name: Annotated[
        str | None,
        typer.Option("--server-name", metavar="NAME", help="The name in its certificate, where that is not the host."),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Its admin token is in this file, which only you can read; - reads it from stdin and keeps it.",
        ),
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Use it from now on.")] = False,
    replaced: Annotated[bool, typer.Option("--replace", help="Put it in the place of one of that name.")] = False,
) -> None:
    """Name a daemon: one of this machine by its socket, or one elsewhere by its URL and its admin token.

    Nothing is asked of the daemon; `notifyctl --context NAME status` tries it out. The token is never shown, nor put
    into the file of contexts.
    """
    contexts.check_name(name)
    found = contexts.load()
    if name in found.by_name and not replaced:
        raise Refusal(
            f"There is a context {name} already; --replace takes its place.", Status.CONFLICT, code="conflict"
        )
    if (socket is None) is (url is None):
        raise usage("Give --socket for a daemon of this machine, or --url for one elsewhere.")
    if url is None:
        if ca_file or server_name or token_file:
            raise usage("--ca-file, --server-name and --token-file go with --url.")
        context = Context(name, str(Path(socket or "").expanduser().absolute()))
    else:
        context = _elsewhere(name, parse_url(url, ca_file=_full(ca_file), server_name=server_name or ""), token_file)
    contexts.save(found.with_(context, use=use))
    run.output.one(_record(context, name if use else found.current), _SHOWN, key="name")


@command(
    app,
    "use",
    example="notifyctl context use shop\nnotifyctl context use default",
    impact="Changes a file of yours only.",
)
def use_(run: Invocation, name: _Name) -> None:
    """Have all commands ask the daemon of this context, where nothing else is said.

    `default` goes back to the daemon of this machine. --socket, --context, NOTIFYCTL_SOCKET and NOTIFYCTL_CONTEXT
    count more, in this order.
    """
    found = contexts.load()
    context = found.find(name)
    contexts.save(found.using(name))
    run.output.one(_record(context, name), _SHOWN, key="name")


@command(app, "show", example="notifyctl context show -o json", impact="Reads a file of yours only.")
def show(run: Invocation, name: _MaybeName = None) -> None:
    """Show where a context leads, never its token."""
    found = contexts.load()
    run.output.one(_record(found.find(name or found.current), found.current), _SHOWN, key="name")


@command(
    app, "remove", example="notifyctl context remove shop --yes", impact="Changes a file of yours only.", asks=True
)
def remove(run: Invocation, name: _Name) -> None:
    """Forget a context, and the token that was kept for it; the daemon stays as it is."""
    found = contexts.load()
    context = found.find(name)
    if name == contexts.DEFAULT:
        raise Refusal(f"The context {name} is always there.", Status.CONFLICT, code="conflict")
    run.confirm(f"Forgetting the context {name}")
    contexts.save(found.without(name))
    contexts.token_file(name).unlink(missing_ok=True)
    run.output.one(_record(context, found.current), _SHOWN, key="name")


def _elsewhere(name: str, remote: Remote, token_file: str | None) -> Context:
    if token_file is None:
        raise usage("A daemon elsewhere asks for its admin token: give --token-file FILE, or - to read it from stdin.")
    if token_file != "-":
        remote = replace(remote, token_file=_full(token_file))
        remote.token()
    else:
        token = _typed() if sys.stdin.isatty() else read_secret("-", "admin token")
        check_token(token, "stdin")
        place = contexts.token_file(name)
        contexts.write_private(place, f"{token}\n")
        remote = replace(remote, token_file=str(place))
    if remote.secure:
        remote.authorities()
    return Context(name, remote=remote)


def _typed() -> str:
    return getpass.getpass("Admin token: ", sys.stderr).strip()


def _full(name: str | None) -> str:
    """An absolute path: the context is used from any folder."""
    return str(Path(name).expanduser().absolute()) if name else ""


def _record(context: Context, current: str) -> Record:
    remote = context.remote
    return {
        "name": context.name,
        "place": remote.url if remote else context.socket or _SEARCHED,
        "tls": remote.secure if remote else None,
        "caFile": (remote.ca_file or None) if remote else None,
        "serverName": (remote.server_name or None) if remote else None,
        "tokenFile": remote.token_file if remote else None,
        "current": context.name == current,
    }
