"""notifyctl devices."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.options import Client, OfUser
from notifyctl.secrets.files import read_secret
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import relative
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at the devices of users, where pushes go while nobody is connected.")

_LISTED = (
    Column("ID", "id", style="cyan"),
    Column("User", "userId"),
    Column("Client", "clientId", spare=True),
    Column("Token", "tokenHint", style="dim"),
    Column("Created", "createdAt", human=relative, spare=True),
    Column("Seen", "seenAt", human=relative),
)
_SHOWN = (*_LISTED[:4], Column("Created", "createdAt"), Column("Seen", "seenAt"))


@command(app, "list", example="notifyctl devices list --user alice")
def list_(
    run: Invocation,
    *,
    client: Client = None,
    user: OfUser = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, metavar="N", help="At most so many.")
    ] = 1000,
) -> None:
    """List devices, with no more of their push tokens than tells them apart."""
    request = pb.ListDevicesRequest(client_id=client or "", user_id=user, limit=limit)
    answer = run.daemon.call("ListDevices", request)
    run.output.many([convert.record(device) for device in answer.devices], _LISTED)


@command(
    app,
    "register",
    example="notifyctl devices register --user alice --token-file fcm.txt\n"
    "notifyctl devices register --user alice --client CLIENT_ID --token-file -",
    changes=True,
)
def register(
    run: Invocation,
    *,
    user: Annotated[str, typer.Option("--user", metavar="ID", help="Whose device it is.", autocompletion=offers.users)],
    token_file: Annotated[
        str, typer.Option("--token-file", metavar="FILE", help="The push token is in it; - reads it from stdin.")
    ],
    client: Client = None,
) -> None:
    """Register a push token of Firebase Cloud Messaging for a user.

    A token belongs to its latest user: an earlier one loses it.
    """
    request = pb.RegisterDeviceRequest(
        client_id=client or "", user_id=user, fcm_token=read_secret(token_file, "push token")
    )
    run.output.one(convert.record(run.daemon.call("RegisterDevice", request)), _SHOWN, key="id")


@command(app, "remove", example="notifyctl devices remove DEVICE_ID --yes", changes=True, asks=True)
def remove(
    run: Invocation,
    device_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the device.", autocompletion=offers.device_ids)],
    *,
    client: Client = None,
) -> None:
    """Forget a device: nothing is pushed to it any more."""
    run.confirm(f"Removing device {device_id}")
    request = pb.RemoveDeviceRequest(client_id=client or "", id=device_id)
    run.output.one(convert.record(run.daemon.call("RemoveDevice", request)), _SHOWN, key="id")
