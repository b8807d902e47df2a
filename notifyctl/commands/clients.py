"""notifyctl clients."""

from collections.abc import Callable
from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.exits import Refusal, usage
from notifyctl.options import ClientId
from notifyctl.params import duration_option
from notifyctl.secrets.files import SecretOut, read_secret
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import relative
from notifyd.v1 import admin_pb2 as pb

app = noun("Register applications, and look after their secrets.")

_LISTED = (
    Column("ID", "id", style="cyan"),
    Column("Name", "name"),
    Column("URL", "url", spare=True),
    Column("Cookie", "cookieName", spare=True),
    Column("Created", "createdAt", human=relative, spare=True),
    Column("Old secret until", "previousSecretUntil", human=relative),
)
_SHOWN = (
    *_LISTED[:4],
    Column("Description", "description"),
    Column("Created", "createdAt"),
    Column("Changed", "updatedAt"),
    Column("Old secret until", "previousSecretUntil"),
)
_ISSUED = (_SHOWN[0], Column("Secret", "secret", style="bold green"), *_SHOWN[1:])
_OPTIONS = {
    "appName": "--name",
    "clientSecret": "the secret",
    "clientUrl": "--url",
    "description": "--description",
    "cookieName": "--cookie-name",
    "id": "--id",
}
_SecretFile = Annotated[
    str | None,
    typer.Option(
        "--secret-file",
        metavar="FILE",
        help="The secret is in this file; - reads it from stdin. Without it the daemon makes one.",
    ),
]
_SecretOut = Annotated[
    str | None,
    typer.Option("--secret-out", metavar="FILE", help="A new file for the secret that is made, instead of stdout."),
]


@command(
    app,
    "register",
    example="notifyctl clients register --name shop --url https://shop.example\n"
    "ID=$(notifyctl clients register --name shop --secret-file secret.txt -q)\n"
    "ID=$(notifyctl clients register --name shop --secret-out secret.txt -q)\n"
    "notifyctl clients register --name shop --id 65f1c0ffee0ddba11ca7f00d --secret-file secret.txt",
    changes=True,
)
def register(
    run: Invocation,
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the application is called.")],
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where its pages come from; their origin may connect.")
    ] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is, for people.")] = "",
    cookie_name: Annotated[
        str, typer.Option("--cookie-name", metavar="NAME", help="A cookie that may carry a user's token.")
    ] = "",
    client_id: Annotated[
        str,
        typer.Option("--id", metavar="ID", help="The id that it has had elsewhere, so that its pages go on with it."),
    ] = "",
    secret_file: _SecretFile = None,
    secret_out: _SecretOut = None,
) -> None:
    """Register an application, and show its id and, where the daemon made it, the secret, this one time.

    The secret signs the tokens of its users. With -q the id alone is printed, and the secret needs a place of its own:
    --secret-file or --secret-out.
    """
    request = pb.RegisterClientCommand(
        name=name, url=url, description=description, cookie_name=cookie_name, id=client_id
    )

    def ask(secret: str) -> pb.RegisteredClient:
        request.secret = secret
        answer: pb.RegisteredClient = run.daemon.call("RegisterClient", request)
        return answer

    _issue(run, ask, secret_file, secret_out)


@command(app, "list", example="notifyctl clients list -o json")
def list_(run: Invocation) -> None:
    """List registered applications, never their secrets."""
    answer = run.daemon.call("ListClients", pb.ListClientsRequest())
    run.output.many([convert.record(client) for client in answer.clients], _LISTED)


@command(app, "show", example="notifyctl clients show default")
def show(run: Invocation, client_id: ClientId) -> None:
    """Show what is known of one application."""
    answer = run.daemon.call("GetClient", pb.GetClientRequest(id=client_id))
    run.output.one(convert.record(answer), _SHOWN, key="id")


@command(
    app,
    "update",
    example="notifyctl clients update CLIENT_ID --url https://new.example\n"
    "notifyctl clients update CLIENT_ID --cookie-name ''",
    changes=True,
)
def update(
    run: Invocation,
    client_id: ClientId,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the application is called.")] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Where its pages come from; their origin may connect.")
    ] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it is, for people.")
    ] = None,
    cookie_name: Annotated[
        str | None, typer.Option("--cookie-name", metavar="NAME", help="A cookie that may carry a user's token.")
    ] = None,
) -> None:
    """Change what an application says of itself; what is not named stays, and so does its secret."""
    request = pb.UpdateClientRequest(id=client_id, name=name, url=url, description=description, cookie_name=cookie_name)
    try:
        answer = run.daemon.call("UpdateClient", request)
    except Refusal as refusal:
        if refusal.code != "invalid_client":
            raise
        raise _in_options(refusal) from refusal
    run.output.one(convert.record(answer), _SHOWN, key="id")


@command(
    app,
    "rotate-secret",
    example="notifyctl clients rotate-secret CLIENT_ID --overlap 24h --secret-out secret.txt",
    changes=True,
)
def rotate_secret(
    run: Invocation,
    client_id: ClientId,
    *,
    overlap: Annotated[
        float | None,
        duration_option(
            "--overlap", help="How long tokens signed with the old one stay good; the setting unless given."
        ),
    ] = None,
    secret_file: _SecretFile = None,
    secret_out: _SecretOut = None,
) -> None:
    """Put a new secret in the place of an old one.

    With --overlap 0 every connection whose token the old one signed is closed within seconds.
    """
    request = pb.RotateClientSecretRequest(id=client_id, overlap_seconds=overlap)

    def ask(secret: str) -> pb.RegisteredClient:
        request.secret = secret
        answer: pb.RegisteredClient = run.daemon.call("RotateClientSecret", request)
        return answer

    _issue(run, ask, secret_file, secret_out)


@command(app, "remove", example="notifyctl clients remove CLIENT_ID --yes", changes=True, asks=True)
def remove(run: Invocation, client_id: ClientId) -> None:
    """Remove an application for good.

    Its API keys, its devices and the inboxes of its users go with it, and its connections are closed.
    """
    run.confirm(
        f"Removing client {client_id} with all its API keys, its devices and the inboxes of its users, and closing its "
        "connections"
    )
    removed = run.daemon.call("RemoveClient", pb.RemoveClientRequest(id=client_id))
    run.output.one(convert.record(removed), _SHOWN, key="id")


def _issue(
    run: Invocation, ask: Callable[[str], pb.RegisteredClient], secret_file: str | None, secret_out: str | None
) -> None:
    """Ask the daemon with the secret that is given, and put one that it makes where the operator wants it."""
    if secret_file and secret_out:
        raise usage("--secret-out is for a secret that the daemon makes: it goes without --secret-file.")
    if run.output.quiet and not (secret_file or secret_out):
        raise usage("With -q the secret would be shown nowhere: give --secret-file or --secret-out.")
    given = read_secret(secret_file, "secret") if secret_file else ""
    place = SecretOut(secret_out) if secret_out else None
    try:
        answer = ask(given)
    except BaseException as exc:
        if place is not None:
            place.drop()
        if isinstance(exc, Refusal) and exc.code == "invalid_client":
            raise _in_options(exc) from exc
        raise
    if place is not None:
        place.keep(answer.secret)
    _issued(run, answer, place)


def _in_options(refusal: Refusal) -> Refusal:
    """The problems of a form a line each, and its fields as the options are called here."""
    problems = (problem.partition(" ") for problem in refusal.message.split("; "))
    lines = [f"{_OPTIONS.get(field, field)} {rest}" for field, _, rest in problems]
    return Refusal("\n".join(lines), refusal.status, code=refusal.code)


def _issued(run: Invocation, answer: pb.RegisteredClient, place: SecretOut | None) -> None:
    shown = answer.secret if place is None else ""
    record = convert.record(answer.client)
    record = {"id": record.pop("id"), "secret": shown or None, **record}
    run.output.one(record, _ISSUED if shown else _SHOWN, key="id")
    for warning in answer.warnings:
        run.output.note(f"Warning: {warning}")
    if place is not None and not run.output.quiet:
        run.output.note(f"The secret is in {place.path}, and is not shown again.")
    elif shown and run.output.form == "table":
        run.output.note("Keep the secret now: it is not shown again.")
