from __future__ import annotations

import pytest

from notifyd.redislink.commands.placing import key_of, never_there
from notifyd.redislink.errors import ErrorReply
from notifyd.redislink.servers.slots import moved_to, slot_of
from notifyd.redislink.url import Endpoint


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("GET", "k"), "k"),
        (("SPUBLISH", b"topic", b"x"), b"topic"),
        (("PING",), None),
        (("DBSIZE",), None),
        (("CONFIG", "GET", "x"), None),
        (("XINFO", "STREAM", "k"), "k"),
        (("EVAL", "return 1", 1, "k"), "k"),
        (("XREAD", "COUNT", 1, "STREAMS", "k", "0-0"), "k"),
        (("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"), "k"),
        (("GET", 7), "7"),
    ],
)
def test_the_key_of_a_command_is_found(words: tuple[str, ...], key: str | bytes | None) -> None:
    assert key_of(words) == key


def test_a_tag_decides_the_slot() -> None:
    # 12739 is the example of the cluster specification
    assert slot_of("123456789") == 12739
    assert slot_of("a:{q1}:x") == slot_of(b"b:{q1}") == slot_of("q1")
    assert slot_of("{}x") != slot_of("")


@pytest.mark.parametrize("key", ["n:{q1}", "n:{c/a/b}:m", "n:nodes"])
def test_what_is_never_there_would_stand_beside_a_key(key: str) -> None:
    name = never_there(key)
    assert slot_of(name) == slot_of(key)
    assert name.startswith(f"{key}:")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("MOVED 3999 127.0.0.1:6381", (3999, Endpoint("127.0.0.1", 6381))),
        ("ASK 1 ::1:6381", (1, Endpoint("::1", 6381))),
        ("MOVED 1 :6381", (1, Endpoint("teller", 6381))),
    ],
)
def test_a_redirection_is_understood(reply: str, told: tuple[int, Endpoint]) -> None:
    assert moved_to(ErrorReply(reply), Endpoint("teller", 1)) == told
