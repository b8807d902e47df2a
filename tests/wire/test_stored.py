"""What engines keep comes back as it was."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.dead_letter import DeadLetter
from notifyd.model.notification import Notification
from notifyd.wire.stored import decode_letter, decode_notification, encode_letter, encode_notification

_values = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
_bodies = _values.map(msgspec.json.encode)
_notifications = st.builds(Notification, data=_bodies, metadata=st.just(b"") | st.just(b'{"a":[1]}'))


@given(_notifications)
def test_a_notification_comes_back(notification: Notification):
    assert decode_notification(encode_notification(notification)) == notification


@given(_notifications)
def test_what_was_kept_before_requests_had_ids_is_read(notification: Notification):
    fields = msgspec.json.decode(encode_notification(notification))
    before = decode_notification(msgspec.json.encode(fields[:-1]))
    assert before == msgspec.structs.replace(notification, request_id="")


@given(st.builds(DeadLetter, notification=_notifications))
def test_a_dead_letter_comes_back(letter: DeadLetter):
    assert decode_letter(encode_letter(letter)) == letter


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b"[2" + b',""' * 14 + b"]"])
def test_anything_else_is_refused(line: bytes):
    with pytest.raises(msgspec.DecodeError):
        decode_notification(line)


@given(_notifications)
def test_another_version_is_refused(notification: Notification):
    line = encode_notification(notification).replace(b"[1,", b"[7,", 1)
    with pytest.raises(msgspec.ValidationError, match="version 7"):
        decode_notification(line)
