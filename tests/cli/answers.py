"""What a daemon answers to each call of the admin service, for golden outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples

if TYPE_CHECKING:
    from tests.cli.scripted import Admin

_CLIENT = samples.client(description="sells things")
_RECEIPT = samples.receipt(
    id="n_1", priority=5, attempts=1, delivered=2, acked=1,
    position=types_pb2.StreamPosition(epoch="e1", offset=7), timeline=[samples.happening("acked", receiver="worker")],
)  # fmt: skip
_LETTER = samples.dead_letter(
    data_json='{"total":17}', timeline=[samples.happening("delivered", receiver="worker", attempt=1)]
)
_HEADER = b'{"type":"header","format":"notifyd-records","version":1}\n'
_END = b'{"type":"end","clients":1,"keys":2,"devices":3,"digest":"sha256:ab"}\n'
_COUNTS = pb.RecordCounts(clients=1, keys=2, devices=3)


def _at(made: Any, *fields: str, ms: int = samples.NOON_MS) -> Any:
    for field in fields:
        getattr(made, field).FromMilliseconds(ms)
    return made


_INBOX = _at(
    pb.Inbox(
        client_id="default", user_id="alice", position=types_pb2.StreamPosition(epoch="u1", offset=9), cursor=7,
        notifications=9, undelivered=2, size_bytes=4096, connections=1,
    ),
    "last_at",
)  # fmt: skip
_DURABLE = _at(
    types_pb2.DurableSubscription(
        client_id="default", channel="orders", name="worker", position=types_pb2.StreamPosition(epoch="e1", offset=5),
        pending=2, unacked=1, connections=1,
    ),
    "used_at",
)  # fmt: skip
_WEBHOOK = _at(
    pb.Webhook(
        name="audit", url="https://audit.example/hook", client_id="default", events=["dead"], state="failing",
        waiting=3, delivered=40, failed=2, dead=1, last_status=503, last_error="the receiver is overloaded",
    ),
    "last_at",
)  # fmt: skip
_QUEUE = _at(
    pb.QueueStats(
        waiting=4, ready=3, scheduled=1, leased=1, waiting_bytes=2048, max_size=100_000, max_bytes=1 << 28,
        by_priority={10: 1, 5: 3},
    ),
    "oldest_accepted_at",
)  # fmt: skip
_CHANNEL = _at(
    pb.Channel(
        client_id="default", channel="orders", position=types_pb2.StreamPosition(epoch="e1", offset=7), publications=7,
        size_bytes=3072, subscriber_count=2,
    ),
    "last_at",
)  # fmt: skip
_CONNECTION = _at(
    pb.Connection(
        id="c_1", client_id="default", transport="websocket", address="192.0.2.7:50000", key_id="key_1",
        subscription_count=2, outbox_bytes=262_144, outbox_limit_bytes=1_048_576, sent_bytes=5000, idle_seconds=0.25,
        channels=["orders", "deploys"],
    ),
    "connected_at",
)  # fmt: skip
_MEMBER = _at(types_pb2.Member(user_id="alice", connection_ids=["c_1", "c_2"]), "joined_at")
_LOG = _at(pb.LogRecord(level="warning", event="slow_consumer", fields_json='{"connection_id":"c_1"}'), "timestamp")
_NODE = _at(
    pb.Node(
        id="one-1", name="one", version="0.1.0", pid=17, state="ready", connections=3, subscriptions=4, accepted=100,
        deliveries=1000, cpu_seconds=5.0, resident_bytes=50 << 20, lag_seconds=0.0021, listeners=["http://one:3000"],
        self=True,
    ),
    "started_at",
)  # fmt: skip
_at(_NODE, "at", ms=samples.NOON_MS + 90_000)
_VALUES = [
    pb.ConfigValue(key="server.port", value="3000", origin="flag --port"),
    pb.ConfigValue(key="log.level", value='"info"', origin="default", reloadable=True),
    pb.ConfigValue(
        key="channels", value='[{pattern = "logs.*", max_publications = 0}]', origin="file", reloadable=True
    ),
    pb.ConfigValue(key="webhooks", value="[]", origin="default", reloadable=True),
]
_LISTENED = [
    pb.ListenEvent(subscribed=pb.Subscribed(channel="orders", position=types_pb2.StreamPosition(epoch="e1", offset=6))),
    pb.ListenEvent(publication=samples.publication()),
]

#: By method; a list for a method that streams.
ANSWERS: dict[str, Any] = {
    "GetStatus": samples.status(),
    "Drain": pb.DrainResponse(connections=3, seconds=30.0),
    "GetConfig": pb.GetConfigResponse(values=_VALUES),
    "ReloadConfig": pb.ReloadConfigResponse(applied=["log.level"], need_restart=["server.port"]),
    "GetAdminToken": pb.GetAdminTokenResponse(token="t0ken"),
    "Diagnose": pb.DiagnoseResponse(
        findings=[
            pb.Finding(name="daemon", verdict="ok", found="notifyd 0.1.0, process 17, is ready"),
            pb.Finding(name="disk", verdict="warning", found="90 MiB are free", advice="make room"),
        ]
    ),
    "TailLogs": [_LOG],
    "CreateKey": pb.IssuedKey(key="secret", record=samples.key()),
    "ListKeys": pb.ListKeysResponse(keys=[samples.key(), samples.key(id="key_2", name=samples.HOSTILE)]),
    "GetKey": samples.key(),
    "UpdateKey": samples.key(),
    "RotateKey": pb.IssuedKey(key="secret", record=samples.key()),
    "RevokeKey": samples.key(status="revoked"),
    "RegisterClient": pb.RegisteredClient(client=_CLIENT, secret="s3cret"),
    "ListClients": pb.ListClientsResponse(clients=[_CLIENT, samples.client(id="c_2", name=samples.HOSTILE)]),
    "GetClient": _CLIENT,
    "UpdateClient": _CLIENT,
    "RotateClientSecret": pb.RegisteredClient(client=_CLIENT, secret="s3cret"),
    "RemoveClient": _CLIENT,
    "MintToken": _at(pb.MintedToken(token="t0k.en.x"), "expires_at"),
    "VerifyToken": _at(
        pb.VerifiedToken(client_id="c_shop", user_id="alice", channels=["subscribe:orders.*"]), "expires_at"
    ),
    "RegisterDevice": samples.device(),
    "ListDevices": pb.ListDevicesResponse(devices=[samples.device()]),
    "RemoveDevice": samples.device(),
    "ListInboxes": pb.ListInboxesResponse(inboxes=[_INBOX]),
    "Publish": types_pb2.PublishResponse(notification_id="n_1", status="accepted", durability="fsync"),
    "GetNotification": _RECEIPT,
    "CancelNotification": samples.receipt(state="cancelled"),
    "WaitNotification": [pb.WaitEvent(receipt=_RECEIPT, verdict="done", acked=1, wanted=1)],
    "Listen": _LISTENED,
    "ListDeadLetters": pb.ListDeadLettersResponse(dead_letters=[_LETTER], total=1),
    "GetDeadLetter": _LETTER,
    "RetryDeadLetters": pb.RetryDeadLettersResponse(
        results=[pb.Retried(id="n_1.abc", notification_id="n_1")], retried=1
    ),
    "DropDeadLetters": pb.DropDeadLettersResponse(dropped=["n_1.abc"]),
    "ExportDeadLetters": [_LETTER],
    "ListDurable": pb.ListDurableResponse(subscriptions=[_DURABLE]),
    "RemoveDurable": _DURABLE,
    "ListWebhooks": pb.ListWebhooksResponse(webhooks=[_WEBHOOK]),
    "GetWebhookSecret": pb.GetWebhookSecretResponse(secret="whsec_x"),
    "TestWebhook": pb.TestWebhookResponse(event_id="w_1", status=204, seconds=0.0123456789),
    "GetQueue": _QUEUE,
    "ListQueue": pb.ListQueueResponse(notifications=[samples.receipt(state="waiting", priority=8)]),
    "PauseQueue": pb.QueueStats(waiting=4, paused=True),
    "ResumeQueue": _QUEUE,
    "ClearQueue": pb.ClearQueueResponse(cleared=4),
    "ListChannels": pb.ListChannelsResponse(channels=[_CHANNEL]),
    "GetChannel": _CHANNEL,
    "GetHistory": pb.GetHistoryResponse(publications=[samples.publication()], recovered=True),
    "GetPresence": pb.Presence(channel="orders", member_count=1, subscriber_count=2, members=[_MEMBER]),
    "ListNodes": pb.ListNodesResponse(nodes=[_NODE]),
    "DrainNode": _NODE,
    "ListConnections": pb.ListConnectionsResponse(connections=[_CONNECTION], total=1),
    "KickConnections": pb.KickConnectionsResponse(kicked=["c_1"]),
    "GetStats": samples.stats(),
    "WatchStats": [samples.stats()],
}


def _export(request: pb.ExportRecordsRequest, _context: object) -> Any:
    if not request.digest_only:
        yield pb.RecordLines(lines=_HEADER)
    yield pb.RecordLines(lines=_END)


def _import(requests: Any, _context: object) -> Any:
    list(requests)
    yield pb.ImportRecordsResponse(added=_COUNTS, here=_COUNTS, digest="sha256:ab", digest_here="sha256:ab")


def _publish(requests: Any, _context: object) -> Any:
    for index, _ in enumerate(requests):
        yield pb.PublishResult(index=index, accepted=types_pb2.PublishResponse(notification_id=f"n_{index + 1}"))


def answer_all(admin: Admin) -> None:
    """Have *admin* answer every call."""
    for method, answer in ANSWERS.items():
        admin.answers(method, answer)
    admin.does("ExportRecords", _export)
    admin.does("ImportRecords", _import)
    admin.does("PublishStream", _publish)
