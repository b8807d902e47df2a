"""Which dead letters a command is about: by options, or by their ids."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

import typer

from notifyctl import stdin
from notifyctl.completing import offers
from notifyctl.exits import usage
from notifyctl.options import OfClient, OfUser
from notifyctl.params import moment_option
from notifyd.v1 import admin_pb2 as pb

Stage = Literal["dispatch", "push", "webhook", "subscription", "inbox"]


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
            autocompletion=offers.channels,
        ),
    ] = ""
    user: OfUser = ""
    notification: Annotated[
        str,
        typer.Option(
            "--notification",
            metavar="ID",
            help="Only those of this notification.",
            autocompletion=offers.dead_notification_ids,
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
