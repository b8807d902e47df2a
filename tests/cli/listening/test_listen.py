"""notifyctl listen over the admin socket."""

import threading
from collections.abc import Iterator

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import StreamPosition
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)


def subscribed(offset: int, replayed: int = 0, **more: object) -> pb.ListenEvent:
    position = StreamPosition(epoch="e1", offset=offset)
    return pb.ListenEvent(subscribed=pb.Subscribed(channel="orders", position=position, replayed=replayed, **more))


def published(offset: int) -> pb.ListenEvent:
    place = StreamPosition(epoch="e1", offset=offset)
    return pb.ListenEvent(publication=samples.publication(id=f"n_{offset}", position=place))


def in_turn(admin: Admin, *rounds: list[pb.ListenEvent]) -> None:
    """Each call gets the next round and is then cut off; after the last one it is silent."""
    left = list(rounds)

    def listen(_: pb.ListenRequest, context: grpc.ServicerContext) -> Iterator[pb.ListenEvent]:
        if left:
            yield from left.pop(0)
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(10)

    admin.does("Listen", listen)


def since(admin: Admin, call: int) -> StreamPosition | None:
    wanted = [request for request in admin.requests if isinstance(request, pb.ListenRequest)][call].channels[0]
    return wanted.since if wanted.HasField("since") else None


def test_publications_are_an_object_a_line(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(6), published(7)])
    result = ctl("listen", "orders", "-n", "1")
    assert result.status == 0
    assert result.objects[0]["offset"] == 7
    assert list(result.objects[0]) == [
        "id", "channel", "data", "metadata", "priority", "timestamp", "epoch", "offset", "userId", "attempt",
    ]  # fmt: skip


def test_quiet_prints_ids(ctl: Ctl, admin: Admin):
    in_turn(admin, [published(7), published(8)])
    assert ctl("listen", "orders", "-n", "2", "-q").out == "n_7\nn_8\n"


def test_after_a_drop_it_goes_on_where_it_was(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(6), published(7)], [subscribed(8, replayed=1), published(8)])
    result = ctl("listen", "orders", "-n", "2", "-q")
    assert result.out == "n_7\nn_8\n"
    assert since(admin, 0) is None
    assert since(admin, 1) == StreamPosition(epoch="e1", offset=7)
    assert "Trying again" in result.err


def test_a_drop_before_the_first_publication_resumes_at_the_position_told(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(6)], [published(7)])
    ctl("listen", "orders", "-n", "1")
    assert since(admin, 1) == StreamPosition(epoch="e1", offset=6)


def test_a_drop_during_the_replay_asks_for_the_rest(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(9, replayed=5, recovered=True), published(5)], [published(6)])
    ctl("listen", "orders", "-n", "2", "--since", "e1:4")
    assert since(admin, 0) == StreamPosition(epoch="e1", offset=4)
    assert since(admin, 1) == StreamPosition(epoch="e1", offset=5)


def test_a_restarted_daemon_is_found_again(ctl: Ctl, admin: Admin):
    def restart(_: pb.ListenRequest, context: grpc.ServicerContext) -> Iterator[pb.ListenEvent]:
        yield published(7)
        in_turn(admin, [published(8)])
        threading.Thread(target=lambda: (admin.stop(), admin.start())).start()
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(10)

    admin.does("Listen", restart)
    assert ctl("listen", "orders", "-n", "2", "-q").out == "n_7\nn_8\n"


def test_a_gap_is_said(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(9, recovered=False), published(10)])
    result = ctl("listen", "orders", "-n", "1", "--since", "e0:4")
    assert "recovered is false" in result.err


def test_from_the_beginning_of_what_is_kept(ctl: Ctl, admin: Admin):
    admin.answers("GetChannel", pb.Channel(position=StreamPosition(epoch="e1", offset=9), publications=4))
    in_turn(admin, [published(6)])
    ctl("listen", "orders", "--since", "beginning", "-n", "1")
    assert since(admin, 0) == StreamPosition(epoch="e1", offset=5)


def test_the_beginning_of_a_channel_that_does_not_exist_yet(ctl: Ctl, admin: Admin):
    admin.refuses("GetChannel", grpc.StatusCode.NOT_FOUND, "no such channel")
    in_turn(admin, [published(1)])
    assert ctl("listen", "orders", "--since", "beginning", "-n", "1").status == 0


def inbox(offset: int) -> pb.ListenEvent:
    place = StreamPosition(epoch="i1", offset=offset)
    made = samples.publication(id=f"u_{offset}", position=place, user_id="alice")
    made.ClearField("channel")
    return pb.ListenEvent(publication=made)


def inbox_stands(offset: int, replayed: int = 0, **more: object) -> pb.ListenEvent:
    position = StreamPosition(epoch="i1", offset=offset)
    return pb.ListenEvent(subscribed=pb.Subscribed(position=position, replayed=replayed, **more))


def test_an_inbox(ctl: Ctl, admin: Admin):
    in_turn(admin, [inbox_stands(2, replayed=1), inbox(2)])
    (record,) = ctl("listen", "--user", "alice", "--client", "c_shop", "-n", "1").objects
    assert (record["channel"], record["userId"], record["epoch"], record["offset"]) == (None, "alice", "i1", 2)
    asked = admin.requests[-1]
    assert (asked.client_id, asked.user_id, len(asked.channels)) == ("c_shop", "alice", 0)


def test_what_an_inbox_says_again_after_a_drop_is_printed_once(ctl: Ctl, admin: Admin):
    again = [inbox_stands(3, replayed=3), inbox(1), inbox(2), inbox(3)]
    in_turn(admin, [inbox_stands(2, replayed=2), inbox(1), inbox(2)], again)
    assert ctl("listen", "--user", "alice", "-n", "3", "-q").out == "u_1\nu_2\nu_3\n"


def test_an_inbox_that_began_anew_is_printed_from_its_beginning(ctl: Ctl, admin: Admin):
    anew = inbox(1)
    anew.publication.position.epoch = "i2"
    in_turn(admin, [inbox_stands(2)], [inbox_stands(1, replayed=1), anew])
    assert ctl("listen", "--user", "alice", "-n", "1", "-q").out == "u_1\n"


def test_an_inbox_beside_a_channel(ctl: Ctl, admin: Admin):
    in_turn(admin, [subscribed(6), inbox_stands(1, replayed=1), inbox(1), published(7)])
    assert ctl("listen", "orders", "--user", "alice", "-n", "2", "-q").out == "u_1\nn_7\n"


def test_too_few_in_time_is_7(ctl: Ctl, admin: Admin):
    in_turn(admin)
    result = ctl("listen", "orders", "-n", "1", "--timeout", "100ms")
    assert result.status == 7
    assert "0 of 1" in result.err


def test_without_a_count_the_time_that_is_over_is_no_error(ctl: Ctl, admin: Admin):
    in_turn(admin)
    assert ctl("listen", "orders", "--timeout", "100ms").status == 0


def test_no_daemon_at_first_is_an_error(lonely: Ctl):
    assert lonely("listen", "orders").status == 6


def test_a_refusal_is_final(ctl: Ctl, admin: Admin):
    admin.refuses("Listen", grpc.StatusCode.INVALID_ARGUMENT, "no channel", notifyd_code="invalid_channel")
    assert ctl("listen", "orders").status == 2


def test_a_kick_is_final(ctl: Ctl, admin: Admin):
    def kick(_: pb.ListenRequest, context: grpc.ServicerContext) -> Iterator[pb.ListenEvent]:
        yield subscribed(0)
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "kicked")

    admin.does("Listen", kick)
    assert ctl("listen", "orders").status == 4


def test_broadcasts_without_a_channel(ctl: Ctl, admin: Admin):
    announcement = samples.publication()
    announcement.ClearField("position")
    announcement.ClearField("channel")
    in_turn(admin, [pb.ListenEvent(publication=announcement)])
    record = ctl("listen", "--broadcasts", "-n", "1").objects[0]
    assert (record["channel"], record["epoch"], record["offset"]) == (None, None, None)
