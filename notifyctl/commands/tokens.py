"""notifyctl tokens."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.exits import Refusal, Status
from notifyctl.options import Client
from notifyctl.params import duration_option
from notifyctl.secrets import claims
from notifyctl.secrets.files import read_token
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyd.v1 import admin_pb2 as pb

app = noun("Tokens of users, and the one that opens the admin calls.")

_TOKEN = (Column("Token", "token"),)
_VERIFIED = (
    Column("Client", "clientId", style="cyan"),
    Column("User", "userId", style="cyan"),
    Column("Expires", "expiresAt"),
    Column("Channels", "channels"),
    Column("Previous secret", "previousSecret", style={"True": "yellow"}),
)
_INSPECTED = (
    Column("Algorithm", "algorithm"),
    Column("Client", "clientId"),
    Column("User", "userId"),
    Column("Issued", "issuedAt"),
    Column("Expires", "expiresAt"),
    Column("Channels", "channels"),
    Column("Header", "header"),
    Column("Claims", "claims"),
)
_Token = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE | -]",
        help="The file of the token; - reads stdin. Without it NOTIFYCTL_TOKEN or a pipe gives the token.",
    ),
]


@command(
    app,
    "mint",
    example="notifyctl tokens mint --user alice --client CLIENT_ID --ttl 24h\n"
    "TOKEN=$(notifyctl tokens mint --user alice --channel 'orders.*' --channel publish:chat)",
)
def mint(
    run: Invocation,
    *,
    user: Annotated[
        str, typer.Option("--user", metavar="ID", help="Whom the token names.", autocompletion=offers.users)
    ],
    client: Client = None,
    ttl: Annotated[float | None, duration_option("--ttl", help="How long it is good.", show_default="1h")] = None,
    channel: Annotated[
        list[str],
        typer.Option(
            "--channel",
            metavar="SPEC",
            help="Where the user may subscribe, such as orders.*, or publish, such as publish:chat. Repeatable.",
        ),
    ] = [],  # noqa: B006 -- typer copies it
) -> None:
    """Print a token for a user, signed with the client's secret.

    Applications sign such tokens themselves; this one is for trying things out. Nothing is kept of it.
    """
    request = pb.MintTokenRequest(client_id=client or "", user_id=user, ttl_seconds=ttl, channels=channel)
    _show_token(run, convert.record(run.daemon.call("MintToken", request)))


@command(
    app,
    "inspect",
    example="notifyctl tokens mint --user alice | notifyctl tokens inspect\nnotifyctl tokens inspect token.txt -o json",
)
def inspect(run: Invocation, source: _Token = None) -> None:
    """Show what a token says, without verifying it and without a daemon.

    What notifyd would refuse, as far as it can be seen from outside, is said on stderr.
    """
    token = read_token(source)
    header, body = claims.decode(token)
    run.output.one(claims.told(header, body), _INSPECTED, key="userId")
    run.output.note("Not verified: anybody may have written this. Ask the daemon with `notifyctl tokens verify`.")
    for problem in claims.problems(token, header, body):
        run.output.note(f"Warning: {problem}")


@command(
    app,
    "verify",
    example="notifyctl tokens verify token.txt --client CLIENT_ID\nnotifyctl tokens verify - < token.txt",
)
def verify(
    run: Invocation,
    source: _Token = None,
    *,
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            envvar="NOTIFYCTL_CLIENT",
            metavar="ID",
            help="The client that it must be for; otherwise the one that it names.",
            autocompletion=offers.client_ids,
        ),
    ] = None,
) -> None:
    """Ask the daemon whether it takes a token, and print what the token then stands for.

    A refused token ends with status 4 and the reason.
    """
    request = pb.VerifyTokenRequest(token=read_token(source), client_id=client or "")
    verified = convert.record(run.daemon.call("VerifyToken", request))
    run.output.one(verified, _VERIFIED, key="userId")
    if verified["previousSecret"]:
        run.output.note("It was signed with the secret before the last rotation, which is good for a while only.")


@command(
    app,
    "admin",
    example='curl -H "Authorization: Bearer $(notifyctl tokens admin)" http://127.0.0.1:3000/api/stats',
)
def admin(run: Invocation) -> None:
    """Print the admin token, which admin calls over HTTP and gRPC need."""
    token = run.daemon.call("GetAdminToken", pb.GetAdminTokenRequest()).token
    if not token:
        raise Refusal(
            "The daemon runs in development mode, where no admin token is asked for.", Status.CONFLICT, code="conflict"
        )
    _show_token(run, {"token": token})


def _show_token(run: Invocation, record: Record) -> None:
    if run.output.form in ("json", "ndjson"):
        run.output.one(record, _TOKEN, key="token")
    else:
        run.output.text(record["token"])
