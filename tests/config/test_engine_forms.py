from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config import engine_forms
from notifyd.config.engine_forms import is_cluster, is_encrypted, is_redis
from notifyd.config.forms import FORMS
from notifyd.redislink.url import parse_url

REDIS = [
    "redis://localhost",
    "redis://localhost:6379/0",
    "rediss://user:p%40ss@redis.example.com:6380/15",
    "redis://:p@[::1]:1",
    "unix:///run/redis/redis.sock",
    "unix://:p@/run/redis.sock?db=2",
    "redis+sentinel://h1:26379,h2,[::1]:26379/main/3",
    "rediss+sentinel://:p@h1/main",
    "redis+cluster://h1:7000,h2:7001",
    "rediss+cluster://u:p@h1/",
]
MONGO = [
    "mongodb://localhost",
    "mongodb://localhost:27017/",
    "mongodb://u:p%2F@h1:1,h2:2,[::1]:3/db?replicaSet=rs0&w=majority",
    "mongodb://CN=client@h/?authMechanism=MONGODB-X509",
    "mongodb://%2Ftmp%2Fmongodb-27017.sock/db",
    "mongodb+srv://u:p@cluster.example.net/db?retryWrites=true",
]
GOOD = [
    ("broker", "local"),
    *(("broker", url) for url in REDIS),
    *(("bullmq", url) for url in ["", *REDIS]),
    ("records", "sqlite:"),
    *(("records", url) for url in MONGO),
    ("word", "notifyd:eu.1"),
    ("node", ""),
    ("node", "node-1.example_a"),
    ("queue", "notifications"),
    ("tag", "bull"),
    ("tag", "{bull}"),
    ("tag", "our:{bull}-2"),
]
BAD = [
    ("broker", "rabbit", "must be local, or a URL that begins with one of redis://, rediss://, unix://,"),
    ("broker", "", "must be local"),
    ("broker", "redis:h", "must be local"),
    ("broker", "REDIS://h", "must be local"),
    ("broker", "mongodb://h", "must be local"),
    ("broker", "redis://", "must look like redis://[:PASSWORD@]HOST[:PORT][/DATABASE]"),
    ("broker", "redis://a/b/c", "must look like"),
    ("broker", "redis://h1,h2", "must look like"),
    ("broker", "redis://h?db=1", "must look like"),
    ("broker", "redis://h:0", "ports between 1 and 65535"),
    ("broker", "redis://h:65536", "ports between 1 and 65535"),
    ("broker", "redis+cluster://h:1,g:99999", "ports between 1 and 65535"),
    ("broker", "redis://word@h", "has a user and no password"),
    ("broker", "redis+sentinel://h1,h2", "must look like redis+sentinel://"),
    ("broker", "redis+cluster://h1,h2/1", "one database"),
    ("broker", "unix://run/redis.sock", "must look like unix://"),
    ("broker", "redis://" + "h" * 4096, "must look like"),
    ("bullmq", "local", "must be a URL that begins with one of redis://"),
    ("records", "sqlite:/x.db", "must be sqlite:"),
    ("records", "redis://h", "must be sqlite:"),
    ("records", "mongodb://", "must look like mongodb://"),
    ("records", "mongodb://h:0", "ports between"),
    ("records", "mongodb://h/database.collection", "must look like mongodb://"),
    ("records", "mongodb+srv://h/a$b", "must look like mongodb+srv://"),
    ("records", "mongodb+srv://h1,h2", "must look like mongodb+srv://"),
    ("word", "", "must be 1 to 64"),
    ("word", "a{b}", "must be 1 to 64"),
    ("word", "a" * 65, "must be 1 to 64"),
    ("node", "a b", "must be at most 64"),
    ("queue", "a:b", "without spaces, colons and braces"),
    ("queue", "", "must be 1 to 128"),
    ("tag", "", "at most one part of it in braces"),
    ("tag", "{a}{b}", "at most one part of it in braces"),
    ("tag", "{}", "at most one part of it in braces"),
]


@pytest.mark.parametrize(("form", "text"), GOOD)
def test_text_of_the_form(form: str, text: str):
    assert FORMS[form](text) is None


@pytest.mark.parametrize(("form", "text", "complaint"), BAD)
def test_text_that_is_not_of_the_form(form: str, text: str, complaint: str):
    assert complaint in (FORMS[form](text) or "")


@pytest.mark.parametrize("form", ["broker", "records", "bullmq"])
@given(scheme=st.sampled_from(["redis", "redis+cluster", "unix", "mongodb", "mongodb+srv", "rabbit"]), end=st.text())
def test_no_sentence_repeats_a_password(form: str, scheme: str, end: str):
    assert "hunter2" not in (FORMS[form](f"{scheme}://user:hunter2@{end}") or "")
    assert "hunter2" not in (FORMS[form](f"{scheme}://hunter2@{end}") or "")


@pytest.mark.parametrize("url", [url for url in REDIS if url.startswith("redis")])
def test_valkey_is_another_word_for_redis(url: str):
    other = url.replace("redis", "valkey", 1)
    assert FORMS["broker"](other) is None
    assert parse_url(other) == parse_url(url)
    same = (is_redis, is_cluster, is_encrypted, engine_forms.servers)
    assert [ask(other) for ask in same] == [ask(url) for ask in same]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:hunter2@h:1/2", "redis://:***@h:1/2"),
        ("valkeys+cluster://u:hunter2@h,i", "valkeys+cluster://u:***@h,i"),
        ("unix://:hunter2@/run/a.sock?db=2", "unix://:***@/run/a.sock?db=2"),
        ("redis://h", "redis://h"),
        ("mongodb://u:hunter2@h,i:2/d?tlsCertificateKeyFilePassword=hunter2", "mongodb://u:***@h,i:2/d?***"),
        ("mongodb+srv://h", "mongodb+srv://h"),
        ("local", "local"),
        ("sqlite:", "sqlite:"),
    ],
)
def test_what_is_told_of_a_url(url: str, told: str):
    assert engine_forms.without_secrets(url) == told


@pytest.mark.parametrize("url", REDIS)
def test_what_a_url_says_about_its_redis(url: str):
    assert is_redis(url)
    assert is_cluster(url) == ("cluster" in url)
    assert is_encrypted(url) == url.startswith("rediss")


@pytest.mark.parametrize("url", REDIS)
def test_what_is_accepted_here_can_be_reached(url: str):
    servers = engine_forms.servers(url)
    assert [tuple(endpoint) for endpoint in parse_url(url).endpoints if endpoint.port] == list(servers)


@pytest.mark.parametrize("url", ["local", "sqlite:", "", "redis", *MONGO])
def test_other_urls_are_no_redis(url: str):
    assert (is_redis(url), is_cluster(url), is_encrypted(url)) == (False, False, False)


def test_every_scheme_is_named_to_who_mistook_it():
    sentence = engine_forms.broker("x") or ""
    assert all(f"{url.partition('://')[0]}://" in sentence for url in REDIS)


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("local", ()),
        ("redis://h", (("h", 6379),)),
        ("rediss://:p@[::1]", (("::1", 6379),)),
        ("redis://[::1]:7/2", (("::1", 7),)),
        ("redis+sentinel://a,b:1/main", (("a", 26379), ("b", 1))),
        ("unix:///run/redis.sock", ()),
        ("mongodb://u:p@h1:1,%2Ftmp%2Fmongo.sock,h2/db", (("h1", 1), ("h2", 27017))),
        ("mongodb+srv://h", ()),
    ],
)
def test_servers_that_a_url_names(url: str, servers: tuple[tuple[str, int], ...]):
    assert engine_forms.servers(url) == servers
