"""Dead letters and their protobuf shape."""

from __future__ import annotations

from msgspec.structs import replace

from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import ConnectionId, DeadLetterId, UserId
from notifyd.model.notification import Kind
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.wire.rpc.dead_letters import dead_letter_message, whole_dead_letter_message
from tests.store.samples import T0, for_users, notification, push_of

LETTER = DeadLetter(
    DeadLetterId("n1.abc"), Stage.SUBSCRIPTION, notification(), "nacked", "no room", 3, T0 + 5,
    connection_id=ConnectionId("c1"), epoch="e", offset=7,
)  # fmt: skip


def test_a_list_tells_all_but_what_it_carries() -> None:
    message = dead_letter_message(LETTER)
    assert (message.id, message.stage, message.kind, message.channel) == ("n1.abc", "subscription", "channel", "orders")
    assert (message.reason, message.error, message.attempts) == ("nacked", "no room", 3)
    assert (message.died_at.ToMilliseconds(), message.connection_id, message.durable) == (T0 + 5, "c1", "")
    assert (message.position.epoch, message.position.offset) == ("e", 7)
    assert (message.data_json, message.metadata_json, list(message.timeline)) == ("", "", [])


def test_a_whole_one_has_its_data_and_its_story() -> None:
    letter = replace(LETTER, notification=replace(LETTER.notification, metadata=b'{"m":1}'))
    events = [TimelineEvent(T0, Happening.NACKED, UserId("u"), "c1", 2, "no room")]
    message = whole_dead_letter_message(letter, events)
    assert (message.data_json, message.metadata_json) == ('{"n":1}', '{"m":1}')
    (event,) = message.timeline
    assert (event.event, event.user_id, event.receiver, event.attempt, event.detail) == (
        "nacked", "u", "c1", 2, "no room",
    )  # fmt: skip


def test_what_has_no_place_has_no_position() -> None:
    assert not dead_letter_message(replace(LETTER, epoch="", offset=0)).HasField("position")


def test_a_push_is_of_the_notification_that_it_carries() -> None:
    parent = for_users("alice")
    letter = replace(LETTER, stage=Stage.PUSH, notification=push_of(parent, "alice"), user_id=UserId("alice"))
    message = dead_letter_message(letter)
    assert (message.notification_id, message.kind, message.user_id) == (parent.id, Kind.PUSH.value, "alice")
