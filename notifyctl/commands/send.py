"""notifyctl send."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import typer

from notifyctl.command import Invocation, command
from notifyctl.completing import offers
from notifyctl.exits import Refusal, Status, status_of, usage
from notifyctl.options import Client
from notifyctl.params import duration_option, instant_option
from notifyctl.sending import payload
from notifyctl.sending.lines import Answer, LinePublisher
from notifyctl.sending.waiting import Wish, wait
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyctl.stdin import STDIN, Lines
from notifyd.v1 import types_pb2

app = typer.Typer(add_completion=False)

_SENT = (
    Column("ID", "notificationId", style="cyan"),
    Column("Status", "status", style="green"),
    Column("Durability", "durability"),
    Column("Duplicate", "duplicate"),
)
_LINE = (
    Column("Line", "line", style="dim"),
    Column("ID", "notificationId", style="cyan"),
    Column("Status", "status", style={"accepted": "green", "refused": "red"}),
    Column("Error", "error.code", style="red"),
    Column("Message", "error.message"),
)
_LONGEST_MS = 2**53


_Users = Annotated[
    list[str],
    typer.Option(
        "--user",
        "-u",
        metavar="ID",
        help="To this user: the inbox, every connection, and the devices of who is not connected. Repeatable.",
        autocompletion=offers.users,
    ),
]
_IdempotencyKey = Annotated[
    str | None,
    typer.Option("--idempotency-key", metavar="KEY", help="The same key within 24 h returns the first receipt."),
]
_Metadata = Annotated[
    str | None,
    typer.Option("--metadata", metavar="JSON", help="A JSON object beside the data; @FILE reads a file."),
]


@dataclass(frozen=True)
class When:
    """Options that say when a notification is delivered."""

    ttl: Annotated[float | None, duration_option("--ttl", help="Not delivered later than this.")] = None
    delay: Annotated[float | None, duration_option("--delay", help="Delivered after this.")] = None
    at: Annotated[datetime | None, instant_option("--at", help="Delivered then.")] = None

    def put(self, request: types_pb2.PublishRequest) -> None:
        """Put them into *request*.

        Raises:
            Refusal: they contradict each other.
        """
        if self.delay is not None and self.at is not None:
            raise usage("Give --delay or --at, not both.")
        if self.ttl is not None:
            request.ttl_ms = min(round(self.ttl * 1000), _LONGEST_MS)
        if self.delay is not None:
            request.delay_ms = min(round(self.delay * 1000), _LONGEST_MS)
        if self.at is not None:
            request.deliver_at.FromDatetime(self.at)


@dataclass(frozen=True)
class What:
    """Options that say what a notification carries, beside its message."""

    data: Annotated[
        str | None, typer.Option("--data", "-d", metavar="JSON", help="Any JSON value; @FILE reads a file, @- stdin.")
    ] = None
    title: Annotated[str | None, typer.Option("--title", "-t", metavar="TEXT", help="A title beside the message.")] = (
        None
    )


@dataclass(frozen=True)
class Patience:
    """Options that make `send` wait."""

    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is dispatched.")] = False
    wait_ack: Annotated[
        bool, typer.Option("--wait-ack", help="Wait until a subscriber has acked it, or it has reached every user.")
    ] = False
    acks: Annotated[
        int | None, typer.Option("--acks", min=1, max=1_000_000, metavar="N", help="With --wait-ack: so many acks.")
    ] = None
    wait_timeout: Annotated[
        float, duration_option("--wait-timeout", help="How long to wait for it.", show_default="30s")
    ] = 30.0

    def wish(self, *, broadcast: bool) -> Wish | None:
        """What to wait for; None for nothing.

        Raises:
            Refusal: the options contradict each other, or go without a *broadcast*.
        """
        if self.wait and self.wait_ack:
            raise usage("Give --wait or --wait-ack, not both.")
        if self.acks is not None and not self.wait_ack:
            raise usage("--acks goes with --wait-ack.")
        if broadcast and self.wait_ack:
            raise usage("Nobody acks a broadcast: --wait-ack goes with --channel or --user.")
        if not (self.wait or self.wait_ack):
            return None
        return Wish("acked" if self.wait_ack else "dispatched", self.acks, self.wait_timeout)


@command(
    app,
    "send",
    example="notifyctl send --channel deploys 'v1.2 is live' --title Deploy --priority 8\n"
    "notifyctl send --channel orders --data '{\"id\": 17}' --ttl 5m\n"
    "notifyctl send --user alice --user bob --client CLIENT_ID 'Your parcel is there'\n"
    "notifyctl send --channel orders --wait-ack --wait-timeout 10s 'Order 17' -o json | jq .acked\n"
    "tail -f app.log | notifyctl send --channel log --lines -q",
    changes=True,
)
def send(
    run: Invocation,
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE | -]", help="The text; - or nothing reads it from a pipe.")
    ] = None,
    *,
    channel: Annotated[
        str | None,
        typer.Option("--channel", "-c", metavar="CHANNEL", help="To this channel.", autocompletion=offers.channels),
    ] = None,
    user: _Users = [],  # noqa: B006 -- typer copies it
    broadcast: Annotated[
        bool, typer.Option("--broadcast", help="To every connection of the client, whatever it subscribed to.")
    ] = False,
    label: Annotated[
        str | None, typer.Option("--label", metavar="TEXT", help="The channel that a broadcast names.")
    ] = None,
    what: What,
    priority: Annotated[
        int | None, typer.Option("--priority", "-p", min=1, max=10, metavar="N", help="1 to 10, higher first; else 5.")
    ] = None,
    when: When,
    idempotency_key: _IdempotencyKey = None,
    metadata: _Metadata = None,
    client: Client = None,
    lines: Annotated[bool, typer.Option("--lines", help="Each line of stdin is one notification.")] = False,
    patience: Patience,
) -> None:
    """Send a notification to a channel, to users, or to everyone connected.

    A message becomes {"body": MESSAGE}. With --lines a line that is a JSON object is the data, any other line a
    message; each gets an answer on stdout, and the exit status is 8 when some were refused.

    With --wait or --wait-ack the receipt is printed when what was waited for is true, or can no longer come true; in
    plain on one line: id, state, acked, delivered, stored, pushed and reason. The exit status is 7 when the time was
    over and nobody had acked, 8 when some acked and not all, and 1 when it failed: it is dead, expired or was
    withdrawn.
    """
    wish = patience.wish(broadcast=broadcast)
    request = _addressed(channel, user, label, broadcast=broadcast)
    request.client_id = client or ""
    if metadata is not None:
        request.metadata_json = payload.read_json(metadata, "--metadata", mapping=True)
    if priority is not None:
        request.priority = priority
    when.put(request)
    if lines:
        _refuse_with_lines(message, what.data, what.title, idempotency_key)
        if wish is not None:
            raise usage("--lines goes without --wait and --wait-ack: it prints ids to wait for.")
        _publish_lines(run, request)
        return
    request.idempotency_key = idempotency_key or ""
    request.data_json = payload.message_json(message, what.data, what.title)
    answer = run.daemon.call("Publish", request)
    if wish is None:
        run.output.one(convert.record(answer), _SENT, key="notificationId")
    else:
        _await(run, answer.notification_id, wish)


def _await(run: Invocation, notification_id: str, wish: Wish) -> None:
    if sys.stderr.isatty():
        run.output.note(f"Accepted as {notification_id}; waiting until it is {wish.goal}.")
    wait(run, notification_id, wish)


def _addressed(
    channel: str | None, users: list[str], label: str | None, *, broadcast: bool
) -> types_pb2.PublishRequest:
    if [bool(channel), bool(users), broadcast].count(True) != 1:
        raise usage("Say to whom: --channel CHANNEL, --user ID or --broadcast.")
    if label is not None and not broadcast:
        raise usage("--label goes with --broadcast.")
    if broadcast:
        target = types_pb2.Target(broadcast=label or "")
    elif users:
        target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=dict.fromkeys(users)))
    else:
        target = types_pb2.Target(channel=channel)
    return types_pb2.PublishRequest(target=target)


def _refuse_with_lines(*given: str | None) -> None:
    message, *others = given
    if message not in (None, "-") or any(other is not None for other in others):
        raise usage("--lines reads stdin: it goes without a message, --data, --title and --idempotency-key.")


@dataclass
class _Tally:
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first: str = ""

    def count(self, answer: Answer) -> None:
        if answer.refused is None:
            self.accepted += 1
            return
        self.refused[answer.refused.code] += 1
        self.first = self.first or f"line {answer.number}: {answer.refused.message}"


def _publish_lines(run: Invocation, template: types_pb2.PublishRequest) -> None:
    publisher = LinePublisher(run.daemon, Lines(STDIN), template, run.daemon.timeout_seconds or 0.0)
    tally = _Tally()
    progress = _Progress(run)
    try:
        for answer in publisher.answers():
            tally.count(answer)
            run.output.each(_line(answer), _LINE, key="notificationId")
            progress.show(tally)
    except Refusal as refusal:
        progress.clear()
        raise _broken_off(refusal, tally, publisher.unanswered) from refusal
    progress.clear()
    if tally.refused:
        raise _refused(tally)


def _line(answer: Answer) -> Record:
    if answer.accepted is not None:
        return {"line": answer.number, **convert.record(answer.accepted)}
    assert answer.refused is not None, "an answer is one or the other"
    return {"line": answer.number, "status": "refused", "error": convert.record(answer.refused)}


def _refused(tally: _Tally) -> Refusal:
    count = sum(tally.refused.values())
    sentence = f"{count} of {count + tally.accepted} lines were refused; {tally.first}"
    if tally.accepted:
        return Refusal(sentence, Status.PARTLY, code="partly_done")
    statuses = {status_of(code) for code in tally.refused}
    status = statuses.pop() if len(statuses) == 1 else Status.FAILED
    return Refusal(sentence, status, code=next(iter(tally.refused)))


def _broken_off(refusal: Refusal, tally: _Tally, unanswered: list[int]) -> Refusal:
    done = f" {tally.accepted} were accepted." if tally.accepted else ""
    unknown = f" Without an answer: {_span(unanswered)}." if unanswered else ""
    status = Status.PARTLY if tally.accepted else refusal.status
    return Refusal(f"{refusal.message}{done}{unknown}", status, code=refusal.code)


def _span(numbers: list[int]) -> str:
    return f"line {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} lines from {numbers[0]} to {numbers[-1]}"


class _Progress:
    """A counter on stderr for a person who looks at nothing else."""

    def __init__(self, run: Invocation) -> None:
        self._on = sys.stderr.isatty() and not run.output.terminal
        self._shown_at = 0.0

    def show(self, tally: _Tally) -> None:
        now = time.monotonic()
        if self._on and now - self._shown_at > 0.2:
            self._shown_at = now
            sys.stderr.write(f"\r{tally.accepted} accepted, {sum(tally.refused.values())} refused")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._on and self._shown_at:
            sys.stderr.write("\r" + " " * 60 + "\r")
            sys.stderr.flush()
