from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.redislink.url import Address, Endpoint, Mode, parse_url

GOOD = {
    "redis://localhost": Address(Mode.STANDALONE, (Endpoint("localhost", 6379),)),
    "redis://10.0.0.1:7000/2": Address(Mode.STANDALONE, (Endpoint("10.0.0.1", 7000),), database=2),
    "redis://h/": Address(Mode.STANDALONE, (Endpoint("h", 6379),)),
    "rediss://me:s%40%2Fcret@h:1": Address(Mode.STANDALONE, (Endpoint("h", 1),), True, "me", "s@/cret"),
    "redis://:pw@[::1]:6380": Address(Mode.STANDALONE, (Endpoint("::1", 6380),), password="pw"),
    "unix:///run/redis.sock": Address(Mode.STANDALONE, (Endpoint("/run/redis.sock", 0),)),
    "unix://:pw@/run/a%20b?db=3": Address(Mode.STANDALONE, (Endpoint("/run/a b", 0),), password="pw", database=3),
    "redis+sentinel://a,b:1/main": Address(Mode.SENTINEL, (Endpoint("a", 26379), Endpoint("b", 1)), group="main"),
    "rediss+sentinel://:pw@a/main/4": Address(
        Mode.SENTINEL, (Endpoint("a", 26379),), True, None, "pw", 4, "main"
    ),
    "redis+cluster://a,b:7001": Address(Mode.CLUSTER, (Endpoint("a", 6379), Endpoint("b", 7001))),
    "rediss+cluster://u:pw@a/": Address(Mode.CLUSTER, (Endpoint("a", 6379),), True, "u", "pw"),
}  # fmt: skip

BAD = {
    "": "looks like redis://",
    "localhost:6379": "looks like redis://",
    "redis://": "names its hosts",
    "redis://a,": "names one host|names its hosts",
    "redis://a:70000": "70000 is no port",
    "redis://a:0": "0 is no port",
    "redis://a:port": "names its hosts",
    "redis://a/b": "is a number",
    "redis://a/1/2": "ends with its database",
    "redis://a?db=1": "takes nothing after a question mark",
    "redis://a,b": "names one host",
    "redis://secret@a": "the login of a Redis URL is user:password@",
    "redis://:se/cret@a": "looks like redis://",
    "redis+sentinel://u:12/cret@a": "looks like redis://",
    "redis://u:se@cret@a": "looks like redis://",
    "unix://host/path": "looks like unix:///path",
    "unix:///path?database=1": "nothing but \\?db=NUMBER",
    "redis+sentinel://a": "names the group",
    "redis+sentinel://a/main/0/1": "names the group",
    "redis+cluster://a/0": "ends with its hosts",
    "http://a": "http:// is no Redis: use redis://",
}


@pytest.mark.parametrize("url", GOOD)
def test_each_form_says_where_redis_is(url: str) -> None:
    assert parse_url(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_what_is_wrong_is_told_without_the_login(url: str) -> None:
    with pytest.raises(Invalid, match=BAD[url]) as caught:
        parse_url(url)
    assert "cret" not in caught.value.message


def test_an_address_shows_its_hosts_alone() -> None:
    assert str(parse_url("redis+cluster://me:secret@a,[::1]:7001")) == "a:6379,[::1]:7001"
    assert str(parse_url("unix://me:secret@/run/redis.sock")) == "/run/redis.sock"
