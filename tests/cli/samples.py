"""Values that a daemon might answer with."""

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2

HOSTILE = "or\x1b[31mders[bold red]\u202e\x07"
NOON_MS = 1_769_774_400_123


def key(**changes: object) -> types_pb2.ApiKey:
    made = types_pb2.ApiKey(
        id="key_1", client_id="default", name="shop", scopes=["publish:orders.*", "broadcast"], status="active"
    )
    made.created_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.ApiKey(**changes))
    return made


def publication(**changes: object) -> types_pb2.Publication:
    made = types_pb2.Publication(
        id="n_1",
        channel="orders",
        data_json='{"total":12.50,"big":9007199254740993}',
        priority=5,
        position=types_pb2.StreamPosition(epoch="e1", offset=7),
    )
    made.timestamp.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.Publication(**changes))
    return made


def status(**changes: object) -> pb.Status:
    made = pb.Status(
        version="0.1.0",
        pid=17,
        uptime_seconds=90061.5,
        state="ready",
        listeners=[pb.Listener(name="http", url="http://127.0.0.1:3000")],
        engines=[pb.EngineStatus(name="queue", engine="sqlite", healthy=True)],
        durability="fsync",
        state_dir="/var/lib/notifyd",
        connections=3,
        queued=2**40,
    )
    made.started_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(pb.Status(**changes))
    return made


def stats(**changes: object) -> pb.Stats:
    made = pb.Stats(
        uptime_seconds=10.0,
        accepted=100,
        deliveries=1000,
        connections=3,
        connections_by_transport={"websocket": 2, "sse": 1},
        queue=pb.QueueStats(waiting=4, by_priority={10: 1, 5: 3}),
        resident_bytes=50 * 1024 * 1024,
        cpu_seconds=1.0,
        top_channels=[pb.ChannelCount(client_id="default", channel=HOSTILE, subscriber_count=2)],
    )
    made.at.FromMilliseconds(NOON_MS)
    made.MergeFrom(pb.Stats(**changes))
    return made


def client(**changes: object) -> types_pb2.Client:
    made = types_pb2.Client(id="c_shop", name="shop", url="https://shop.example", cookie_name="sid")
    made.created_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.Client(**changes))
    return made


def device(**changes: object) -> types_pb2.Device:
    made = types_pb2.Device(id="d_1", client_id="default", user_id="alice", token_hint="fMf7...x9Qa")
    made.seen_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.Device(**changes))
    return made


def receipt(**changes: object) -> types_pb2.Receipt:
    made = types_pb2.Receipt(id="n_1", client_id="default", kind="channel", channel="orders", state="dispatched")
    made.accepted_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.Receipt(**changes))
    return made


def dead_letter(**changes: object) -> types_pb2.DeadLetter:
    made = types_pb2.DeadLetter(
        id="n_1.abc",
        client_id="default",
        stage="subscription",
        notification_id="n_1",
        kind="channel",
        channel="orders",
        reason="ack_timeout",
        error="no ack within 30 s",
        attempts=3,
        durable="worker",
        position=types_pb2.StreamPosition(epoch="e1", offset=7),
        priority=5,
    )
    made.died_at.FromMilliseconds(NOON_MS)
    made.MergeFrom(types_pb2.DeadLetter(**changes))
    return made


def happening(event: str, **changes: object) -> types_pb2.TimelineEvent:
    made = types_pb2.TimelineEvent(event=event, **changes)
    made.at.FromMilliseconds(NOON_MS)
    return made
