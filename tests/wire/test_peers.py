"""What nodes say to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.peers import Saying, decode_message, encode_message


@given(st.text(), st.sampled_from(Saying), st.text(), st.integers(0, 1 << 40))
def test_a_message_comes_back(sender: str, saying: Saying, subject: str, number: int):
    message = decode_message(encode_message(sender, saying, subject, b'{"a":[1]}', number=number))
    assert message is not None
    assert (message.sender, message.saying, message.subject, message.number) == (sender, saying, subject, number)
    assert bytes(message.body) == b'{"a":[1]}'


@pytest.mark.parametrize("payload", [b"", b"[]", b'[2,"n","tell","s",0,1]', b'[1,"n","shout","s",0,1]', b"\xff"])
def test_anything_else_is_none(payload: bytes):
    assert decode_message(payload) is None
