"""notifyctl webhooks and notifyctl subscriptions."""

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.v1.types_pb2 import StreamPosition
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl


@pytest.fixture
def _webhook(admin: Admin):
    made = pb.Webhook(
        name="audit", url="https://audit.example/hook", events=["dead_letter", "webhook.test"], state="failing",
        waiting=2, delivered=5, failed=3, dead=1, last_status=503, last_error=HOSTILE,
    )  # fmt: skip
    made.last_at.FromMilliseconds(samples.NOON_MS)
    admin.answers("ListWebhooks", pb.ListWebhooksResponse(webhooks=[made]))


@pytest.mark.usefixtures("_webhook")
def test_webhooks_in_every_format(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    assert ctl("webhooks", "list", "-q").out == "audit\n"
    (line,) = ctl("webhooks", "list").lines
    assert line.startswith(
        "audit\thttps://audit.example/hook\t\tdead_letter,webhook.test\tfailing\t2\t5\t3\t1\t0\t2026-01-30T12:00:00.123Z\t503\t"
    )
    assert ctl("webhooks", "list", "-o", "json").json[0]["lastStatus"] == 503
    monkeypatch.setenv("COLUMNS", "90")
    header, row = ctl("webhooks", "list", "-o", "table").lines
    assert {"Name", "State", "Waiting", "Dead"} < set(header.split())
    assert {"audit", "failing"} < set(row.split())
    assert HOSTILE not in line + row


def test_a_webhook_that_takes_the_event(ctl: Ctl, admin: Admin):
    admin.answers("TestWebhook", pb.TestWebhookResponse(event_id="w_1", status=204, seconds=0.0123456789))
    result = ctl("webhooks", "test", "audit")
    assert (result.status, result.out) == (0, "eventId\tw_1\nstatus\t204\nerror\t\nseconds\t0.012\n")
    assert admin.requests == [pb.TestWebhookRequest(name="audit")]
    assert ctl("webhooks", "test", "audit", "-q").out == "w_1\n"
    assert "12ms" in ctl("webhooks", "test", "audit", "-o", "table").out


def test_a_webhook_that_does_not_take_it_is_1(ctl: Ctl, admin: Admin):
    admin.answers("TestWebhook", pb.TestWebhookResponse(event_id="w_1", error="connection refused"))
    result = ctl("webhooks", "test", "audit", "-o", "json")
    assert (result.status, result.json["status"]) == (1, 0)
    assert result.error["message"] == "audit did not take the event: connection refused."
    assert "no answer" in ctl("webhooks", "test", "audit", "-o", "table").out


def test_a_webhook_that_is_not_there_is_3(ctl: Ctl, admin: Admin):
    admin.refuses("TestWebhook", grpc.StatusCode.NOT_FOUND, "no such webhook")
    assert ctl("webhooks", "test", "nope").status == 3


@pytest.mark.parametrize("options", [[], ["-q"], ["-o", "table"]])
def test_its_secret_is_a_line(ctl: Ctl, admin: Admin, options: list[str]):
    admin.answers("GetWebhookSecret", pb.GetWebhookSecretResponse(secret="s3cret"))
    assert ctl("webhooks", "secret", "audit", *options).out == "s3cret\n"


def test_its_secret_for_programs(ctl: Ctl, admin: Admin):
    admin.answers("GetWebhookSecret", pb.GetWebhookSecretResponse(secret="s3cret"))
    assert ctl("webhooks", "secret", "audit", "-o", "json").json == {"secret": "s3cret"}


WORKER = types_pb2.DurableSubscription(
    client_id="default", channel="orders", name="worker", position=StreamPosition(epoch="e1", offset=7), pending=3,
    unacked=2, connections=1,
)  # fmt: skip


def test_subscriptions_in_every_format(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    admin.answers("ListDurable", pb.ListDurableResponse(subscriptions=[WORKER]))
    assert ctl("subscriptions", "list").out == "worker\torders\t\tdefault\t3\t2\t1\te1\t7\t\n"
    assert ctl("subscriptions", "list", "-q").out == "worker\n"
    assert ctl("subscriptions", "list", "-o", "json").json[0]["position"] == {"epoch": "e1", "offset": 7}
    monkeypatch.setenv("COLUMNS", "120")
    header, row = ctl("subscriptions", "list", "-o", "table").lines
    assert header.split()[:2] == ["Name", "Channel"]
    assert row.split()[:2] == ["worker", "orders"]
    ctl("subscriptions", "list", "--client", "acme", "--channel", "orders", "-n", "5")
    assert admin.requests[-1] == pb.ListDurableRequest(client_id="acme", channel="orders", limit=5)


def test_a_subscription_is_removed_when_it_is_meant(ctl: Ctl, admin: Admin):
    admin.answers("RemoveDurable", WORKER)
    assert ctl("subscriptions", "remove", "orders", "worker").status == 2
    assert ctl("subscriptions", "remove", "orders", "worker", "--user", "alice", "--yes", "-q").out == "worker\n"
    assert admin.requests == [pb.RemoveDurableRequest(channel="orders", name="worker", user_id="alice")]
