"""notifyctl keys."""

from datetime import datetime
from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.exits import Refusal, Status
from notifyctl.options import Client, KeyId, OfClient
from notifyctl.params import duration_option, instant_option
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values import moments
from notifyctl.values.moments import relative
from notifyd.v1 import admin_pb2 as pb

app = noun("Make, look at and take back API keys.")

_STATUS = Column("Status", "status", style={"active": "green", "expired": "yellow", "revoked": "red"})
_LISTED = (
    Column("ID", "id", style="cyan"),
    Column("Name", "name"),
    Column("Client", "clientId", spare=True),
    _STATUS,
    Column("Scopes", "scopes", spare=True),
    Column("Created", "createdAt", human=relative, spare=True),
    Column("Expires", "expiresAt", human=relative),
    Column("Last used", "lastUsedAt", human=relative, spare=True),
)
_SHOWN = (
    *_LISTED[:5],
    Column("Created", "createdAt"),
    Column("Expires", "expiresAt"),
    Column("Last used", "lastUsedAt"),
    Column("Networks", "allowedCidrs"),
    Column("Revoked", "revokedAt"),
    Column("Old key until", "previousUntil"),
)
_ISSUED = (Column("Key", "key", style="bold green"), *_LISTED[:5], Column("Expires", "expiresAt"))


@command(
    app,
    "create",
    example="notifyctl keys create --name shop --scope 'publish:orders.*' --expires-in 90d\n"
    "KEY=$(notifyctl keys create --name shop -q)",
    changes=True,
)
def create(
    run: Invocation,
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the key is for.")],
    client: Client = None,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="What it may do, such as publish:orders.*, broadcast or users; everything unless given. Repeatable.",
        ),
    ] = [],  # noqa: B006 -- typer copies it
    cidr: Annotated[
        list[str],
        typer.Option("--cidr", metavar="CIDR", help="A network it may be used from; any unless given. Repeatable."),
    ] = [],  # noqa: B006
    expires_in: Annotated[float | None, duration_option("--expires-in", help="How long it is good.")] = None,
    expires_at: Annotated[datetime | None, instant_option("--expires-at", help="Until when it is good.")] = None,
) -> None:
    """Make an API key and show it, this one time.

    With -q the key alone is printed.
    """
    if expires_in is not None and expires_at is not None:
        raise Refusal("Give --expires-in or --expires-at, not both.", Status.USAGE, code="usage")
    request = pb.CreateKeyRequest(name=name, client_id=client or "", scopes=scope, allowed_cidrs=cidr)
    if expires_in is not None:
        expires_at = moments.after(expires_in)
    if expires_at is not None:
        request.expires_at.FromDatetime(expires_at)
    _issued(run, run.daemon.call("CreateKey", request))


@command(app, "list", example="notifyctl keys list --all -o json")
def list_(
    run: Invocation,
    *,
    client: OfClient = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", envvar="NOTIFYCTL_KEYS_LIST_ALL", help="Revoked ones too.")
    ] = False,
) -> None:
    """List API keys, never the keys themselves."""
    answer = run.daemon.call("ListKeys", pb.ListKeysRequest(client_id=client or "", include_revoked=everything))
    run.output.many([convert.record(key) for key in answer.keys], _LISTED)


@command(app, "show", example="notifyctl keys show KEY_ID")
def show(run: Invocation, key_id: KeyId) -> None:
    """Show what is known of one API key."""
    run.output.one(convert.record(run.daemon.call("GetKey", pb.GetKeyRequest(id=key_id))), _SHOWN, key="id")


@command(
    app,
    "update",
    example="notifyctl keys update KEY_ID --scope 'publish:orders.*' --scope 'subscribe:orders.*'\n"
    "notifyctl keys update KEY_ID --everywhere --for-good",
    changes=True,
)
def update(
    run: Invocation,
    key_id: KeyId,
    *,
    scope: Annotated[
        list[str],
        typer.Option("--scope", metavar="SCOPE", help="What it may do from now on, and nothing else. Repeatable."),
    ] = [],  # noqa: B006 -- typer copies it
    everything: Annotated[bool, typer.Option("--everything", help="It may do everything.")] = False,
    cidr: Annotated[
        list[str],
        typer.Option("--cidr", metavar="CIDR", help="Networks it may be used from, and from no other. Repeatable."),
    ] = [],  # noqa: B006
    everywhere: Annotated[bool, typer.Option("--everywhere", help="It may be used from any network.")] = False,
    expires_at: Annotated[datetime | None, instant_option("--expires-at", help="Until when it is good.")] = None,
    for_good: Annotated[bool, typer.Option("--for-good", help="It does not expire.")] = False,
) -> None:
    """Change what a key may do, from where, and until when; what is not named stays.

    Connections that it made are closed where its rights are not the same any more, and may come back.
    """
    if (scope and everything) or (cidr and everywhere) or (expires_at is not None and for_good):
        raise Refusal("--scope, --cidr and --expires-at go without their opposites.", Status.USAGE, code="usage")
    before = run.daemon.call("GetKey", pb.GetKeyRequest(id=key_id))
    request = pb.UpdateKeyRequest(
        id=key_id,
        scopes=scope or ([] if everything else before.scopes),
        allowed_cidrs=cidr or ([] if everywhere else before.allowed_cidrs),
    )
    if expires_at is not None:
        request.expires_at.FromDatetime(expires_at)
    elif before.HasField("expires_at") and not for_good:
        request.expires_at.CopyFrom(before.expires_at)
    run.output.one(convert.record(run.daemon.call("UpdateKey", request)), _SHOWN, key="id")


@command(app, "rotate", example="notifyctl keys rotate KEY_ID --overlap 1h -q", changes=True)
def rotate(
    run: Invocation,
    key_id: KeyId,
    *,
    overlap: Annotated[
        float | None, duration_option("--overlap", help="How long the old key stays good; the setting unless given.")
    ] = None,
) -> None:
    """Put a new key in the place of an old one.

    The old one stays good for a while. With -q the new key alone is printed.
    """
    _issued(run, run.daemon.call("RotateKey", pb.RotateKeyRequest(id=key_id, overlap_seconds=overlap)))


@command(app, "revoke", example="notifyctl keys revoke KEY_ID --yes", changes=True, asks=True)
def revoke(run: Invocation, key_id: KeyId) -> None:
    """Take a key back for good.

    Its connections are closed within seconds, on every node.
    """
    run.confirm(f"Revoking {key_id} and closing its connections")
    revoked = convert.record(run.daemon.call("RevokeKey", pb.RevokeKeyRequest(id=key_id)))
    run.output.one(revoked, _SHOWN, key="id")


def _issued(run: Invocation, issued: pb.IssuedKey) -> None:
    record = {"key": issued.key, **convert.record(issued.record)}
    run.output.one(record, _ISSUED, key="key")
    if run.output.form == "table" and not run.output.quiet:
        run.output.note("Keep the key now: it is not shown again.")
