from __future__ import annotations

import pytest

from notifyd.redislink.keys import Keys, escaped
from notifyd.redislink.servers.slots import slot_of

NAMES = ["plain", "a/b", "a{b}c", "{", "}", "100%", "%7B", "a}b", "{}", "ü"]


def test_no_two_names_are_one() -> None:
    keys = Keys("p")
    made = {keys.channel(client, name) for client in NAMES for name in NAMES}
    made |= {keys.user(client, name) for client in NAMES for name in NAMES}
    assert len(made) == 2 * len(NAMES) ** 2


@pytest.mark.parametrize("name", NAMES)
def test_a_key_has_one_tag_and_it_holds_the_whole_name(name: str) -> None:
    key = Keys("a{b}").channel("c", name)
    assert key.count("{") == key.count("}") == 1
    assert slot_of(key + ":meta") == slot_of("c/c/" + escaped(name))
