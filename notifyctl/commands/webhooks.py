"""notifyctl webhooks."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.exits import Refusal
from notifyctl.params import duration_option
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import relative, spoken
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at webhooks, which are told of events, and try them.")


def _status(status: int) -> str:
    return str(status) if status else "no answer"


def _answer(status: int) -> str:
    return str(status) if status else "-"


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else spoken(seconds)


_LISTED = (
    Column("Name", "name", style="cyan"),
    Column("URL", "url", spare=True),
    Column("Client", "clientId", spare=True),
    Column("Events", "events", spare=True),
    Column("State", "state", style={"delivering": "green", "failing": "red"}),
    Column("Waiting", "waiting"),
    Column("Delivered", "delivered"),
    Column("Failed", "failed"),
    Column("Dead", "dead"),
    Column("Dropped", "dropped", spare=True),
    Column("Last", "lastAt", human=relative),
    Column("Answer", "lastStatus", human=_answer, spare=True),
    Column("Error", "lastError", style="red", spare=True),
)
_TESTED = (
    Column("Event", "eventId", style="cyan"),
    Column("Answer", "status", human=_status),
    Column("Error", "error", style="red"),
    Column("Took", "seconds", human=_took),
)
_SECRET = (Column("Secret", "secret"),)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the webhook.", autocompletion=offers.webhooks)]


@command(
    app, "list", example="notifyctl webhooks list\nnotifyctl webhooks list -o json | jq '.[] | select(.failed > 0)'"
)
def list_(run: Invocation) -> None:
    """List webhooks: what waits for each, what it took, and how it answered last."""
    answer = run.daemon.call("ListWebhooks", pb.ListWebhooksRequest())
    run.output.many([convert.record(webhook) for webhook in answer.webhooks], _LISTED, key="name")


@command(
    app,
    "test",
    example="notifyctl webhooks test audit",
    impact="Changes nothing in the daemon; the receiver is called.",
)
def call(
    run: Invocation,
    name: _Name,
    *,
    timeout: Annotated[
        float, duration_option("--timeout", help="How long to wait for the outcome.", show_default="60s")
    ] = 60.0,
) -> None:
    """Call a webhook now, once, with an event `webhook.test`, and tell how it answered.

    The exit status is 1 when it did not take the event.
    """
    run.daemon.timeout_seconds = timeout
    answer = run.daemon.call("TestWebhook", pb.TestWebhookRequest(name=name))
    run.output.one(convert.record(answer), _TESTED, key="eventId")
    if answer.error:
        raise Refusal(f"{name} did not take the event: {answer.error.rstrip('.')}.", code="webhook_failed")


@command(app, "secret", example="notifyctl webhooks secret audit > audit.secret")
def secret(run: Invocation, name: _Name) -> None:
    """Print the secret that signs what a webhook is sent, for its receiver to verify with."""
    answer = convert.record(run.daemon.call("GetWebhookSecret", pb.GetWebhookSecretRequest(name=name)))
    if run.output.form in ("json", "ndjson"):
        run.output.one(answer, _SECRET, key="secret")
    else:
        run.output.text(answer["secret"])
