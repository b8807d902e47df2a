"""Dead letters: which of them a command is about, and how they are shown."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Final, Literal

import typer

from notifyctl import complete, stdin
from notifyctl.moments import relative
from notifyctl.options import OfClient, OfUser
from notifyctl.output import Column
from notifyctl.params import moment_option
from notifyctl.payload import usage
from notifyctl.receipts import events
from notifyd.v1 import admin_pb2 as pb

Stage = Literal["dispatch", "push", "webhook", "subscription", "inbox"]

_STAGE: Final = Column("Stage", "stage", style="yellow", spare=True)
_REASON: Final = Column("Reason", "reason", style="red")
LISTED: Final = (
    Column("ID", "id", style="cyan"),
    _STAGE,
    _REASON,
    Column("Channel", "channel", spare=True),
    Column("User", "userId", spare=True),
    Column("Durable", "durable", spare=True),
    Column("Attempts", "attempts", spare=True),
    Column("Died", "diedAt", human=relative),
    Column("Error", "error", spare=True),
    Column("Client", "clientId", spare=True),
    Column("Kind", "kind", spare=True),
    Column("Notification", "notificationId", spare=True),
    Column("Expires", "expiresAt", human=relative, spare=True),
)
"""Columns of `dead-letters list`."""


SHOWN: Final = (
    LISTED[0],
    _STAGE,
    _REASON,
    Column("Error", "error"),
    Column("Attempts", "attempts"),
    Column("Client", "clientId"),
    Column("Notification", "notificationId"),
    Column("Kind", "kind"),
    Column("Channel", "channel"),
    Column("User", "userId"),
    Column("Durable", "durable"),
    Column("Connection", "connectionId"),
    Column("Epoch", "position.epoch"),
    Column("Offset", "position.offset"),
    Column("Priority", "priority"),
    Column("Accepted", "acceptedAt"),
    Column("Died", "diedAt"),
    Column("Expires", "expiresAt"),
    Column("Request", "requestId"),
    Column("Metadata", "metadata"),
    Column("Data", "data"),
    Column("Timeline", "timeline", human=events),
)
"""Columns of `dead-letters show`."""
RETRIED: Final = (
    Column("ID", "id", style="cyan"),
    Column("Notification", "notificationId"),
    Column("Refused", "refused.code", style="red"),
    Column("Message", "refused.message"),
)
"""Columns of `dead-letters retry`."""


@dataclass(frozen=True)
class Which:
    """Options that choose dead letters; without any they are all."""

    client: OfClient = None
    stage: Annotated[Stage | None, typer.Option("--stage", help="Only those that were given up there.")] = None
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Only those with this reason, such as ack_timeout.")
    ] = ""
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            metavar="CHANNEL",
            help="Only those of this channel, or of the webhook of this name.",
            autocompletion=complete.channels,
        ),
    ] = ""
    user: OfUser = ""
    notification: Annotated[
        str,
        typer.Option(
            "--notification",
            metavar="ID",
            help="Only those of this notification.",
            autocompletion=complete.dead_notification_ids,
        ),
    ] = ""
    since: Annotated[
        datetime | None, moment_option("--since", help="Only those that died from then on, such as 1h for an hour ago.")
    ] = None
    until: Annotated[datetime | None, moment_option("--until", help="Only those that died before then.")] = None

    def filter(self) -> pb.DeadLetterFilter:
        """The same as the daemon is told."""
        made = pb.DeadLetterFilter(
            client_id=self.client or "",
            stage=self.stage or "",
            reason=self.reason,
            channel=self.channel,
            user_id=self.user,
            notification_id=self.notification,
        )
        if self.since is not None:
            made.since.FromDatetime(self.since)
        if self.until is not None:
            made.until.FromDatetime(self.until)
        return made


@dataclass(frozen=True)
class Choice(Which):
    """As `Which`, for commands that change what they choose: to choose all takes a word."""

    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            "-a",
            envvar="NOTIFYCTL_DEAD_LETTERS_ALL",
            help="All of them, or of the client; needed where nothing else chooses.",
        ),
    ] = False

    @property
    def chooses(self) -> bool:
        """Whether the operator chose. The client alone is no choice: the environment may name it for every command."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "client")


def named(words: Sequence[str]) -> list[str]:
    """The ids that *words* name, each once; `-` stands for those on stdin.

    Raises:
        Refusal: stdin holds a line that names none.
    """
    ids: dict[str, None] = {}
    for word in words:
        ids.update(dict.fromkeys(_piped() if word == "-" else [word]))
    return list(ids)


def _piped() -> Iterator[str]:
    """The id that each line begins with, or that its JSON object holds: what `list` and `export` print."""
    for number, line in enumerate(stdin.read_text().splitlines(), 1):
        if not line.strip():
            continue
        found = _id_in(line) if line.lstrip().startswith("{") else line.split()[0]
        if not found:
            raise usage(f"Line {number} of stdin names no dead letter.")
        yield found


def _id_in(line: str) -> str:
    try:
        holder = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    found = holder.get("id")
    return found if isinstance(found, str) else ""
