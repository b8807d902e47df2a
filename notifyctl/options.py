"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from notifyctl import complete

Client = Annotated[
    str | None,
    typer.Option(
        "--client",
        envvar="NOTIFYCTL_CLIENT",
        metavar="ID",
        help="The client; `default` unless given.",
        autocompletion=complete.client_ids,
    ),
]
OfClient = Annotated[
    str | None,
    typer.Option(
        "--client",
        envvar="NOTIFYCTL_CLIENT",
        metavar="ID",
        help="Only those of this client.",
        autocompletion=complete.client_ids,
    ),
]
OfUser = Annotated[
    str, typer.Option("--user", metavar="ID", help="Only those of this user.", autocompletion=complete.users)
]
ClientId = Annotated[str, typer.Argument(metavar="ID", help="Id of the client.", autocompletion=complete.client_ids)]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of the key.", autocompletion=complete.key_ids)]
ChannelName = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="Name of the channel.", autocompletion=complete.channels)
]
NotificationId = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the notification.", autocompletion=complete.queued_ids)
]
