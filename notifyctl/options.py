"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from notifyctl.completing import offers

Client = Annotated[
    str | None,
    typer.Option(
        "--client",
        envvar="NOTIFYCTL_CLIENT",
        metavar="ID",
        help="The client; `default` unless given.",
        autocompletion=offers.client_ids,
    ),
]
OfClient = Annotated[
    str | None,
    typer.Option(
        "--client",
        envvar="NOTIFYCTL_CLIENT",
        metavar="ID",
        help="Only those of this client.",
        autocompletion=offers.client_ids,
    ),
]
OfUser = Annotated[
    str, typer.Option("--user", metavar="ID", help="Only those of this user.", autocompletion=offers.users)
]
ClientId = Annotated[str, typer.Argument(metavar="ID", help="Id of the client.", autocompletion=offers.client_ids)]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of the key.", autocompletion=offers.key_ids)]
ChannelName = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="Name of the channel.", autocompletion=offers.channels)
]
NotificationId = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the notification.", autocompletion=offers.queued_ids)
]
