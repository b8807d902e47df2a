from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config import ConfigInvalid, Loaded, Settings, load_settings
from notifyd.config.catalogue import TABLES, catalogue
from notifyd.config.diff import value_of
from notifyd.config.documents import Document, parse_toml
from notifyd.config.load import assemble
from notifyd.config.sources import Sources
from notifyd.config.values import to_text, to_toml
from tests.config.strategies import pairs

if TYPE_CHECKING:
    from notifyd.config.catalogue import Entry, Value

ENVIRON = {"HOME": "/h"}


def document(name: str, text: str) -> Document:
    parsed = parse_toml(name, text)
    assert isinstance(parsed, Document)
    return parsed


def load(dev: bool = False, toml: str = "", flags: dict[str, str] | None = None, **environ: str) -> Loaded:
    sources = Sources(None, document("n.toml", toml), None, {}, ENVIRON | environ, flags or {})
    return assemble(sources, dev=dev)


def complaints(dev: bool = False, toml: str = "", **environ: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(dev, toml, **environ)
    return [str(problem) for problem in caught.value.problems]


LAYERS = ["default", "file n.toml:2", "overlay o.toml:2", ".env PORT", ".env NOTIFYD_SERVER_PORT",
          "environment PORT", "environment NOTIFYD_SERVER_PORT", "flag --port"]  # fmt: skip


@given(st.sets(st.sampled_from(LAYERS)))
def test_the_highest_source_counts(given_by: set[str]):
    def text(layer: str) -> str:
        return f"[server]\nport = {LAYERS.index(layer)}\n" if layer in given_by else ""

    def variables(label: str) -> dict[str, str]:
        names = ("PORT", "NOTIFYD_SERVER_PORT")
        return {name: str(LAYERS.index(f"{label} {name}")) for name in names if f"{label} {name}" in given_by}

    file, overlay = document("n.toml", text("file n.toml:2")), document("o.toml", text("overlay o.toml:2"))
    flags = {"--port": "7"} if "flag --port" in given_by else {}
    loaded = assemble(Sources(None, file, overlay, variables(".env"), variables("environment"), flags))
    winner = max(map(LAYERS.index, given_by), default=0)
    assert loaded.origins["server.port"] == LAYERS[winner]
    assert loaded.settings.server.port == (winner or 3000)


@given(pairs())
def test_every_key_can_be_set_in_every_way(pair: tuple[Entry, Value]):
    entry, value = pair
    toml = f"[{entry.section}]\n{entry.name} = {to_toml(value)}"
    ways = [{"toml": toml}, {entry.environment: to_text(value)}, {"flags": {entry.path: to_text(value)}}]
    results: list[Value | str] = []
    for way in ways:
        try:
            results.append(value_of(load(**way).settings, entry.path))
        except ConfigInvalid as exc:  # alone, the value may clash with the default of another key
            results.append(exc.problems[-1].message)
    assert results[0] == results[1] == results[2]


def test_nothing_given_is_the_defaults_in_their_surroundings():
    loaded = load()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == {*catalogue(), *TABLES}
    assert loaded.settings.server.state_dir == Path("/h/.local/state/notifyd")
    assert loaded.settings.http == Settings().http
    assert loaded.warnings == ()


def test_all_problems_are_told_at_once():
    assert complaints(
        dev=True, toml="[server]\nhots = '::'\nhost = '::'\n", MAX_QUEUE_SIZE="x", NODE_ENV="production"
    ) == [
        "n.toml:2: server.hots = ::: unknown key; the nearest key is server.host",
        "environment: MAX_QUEUE_SIZE = x: must be a whole number",
        "file n.toml:3: server.host = ::: --dev asks for no admin token, so it listens on loopback alone: "
        "set HOST=127.0.0.1, or start without --dev",
        "NODE_ENV=production refuses --dev",
    ]


def test_a_value_that_was_refused_makes_no_second_problem():
    assert complaints(HEARTBEAT_INTERVAL="x", CONNECTION_TIMEOUT="1000") == [
        "environment: HEARTBEAT_INTERVAL = x: must be a number of milliseconds, without a unit behind it",
    ]


def test_a_longer_heartbeat_alone_takes_the_timeout_along():
    assert load(HEARTBEAT_INTERVAL="90000").settings.websocket.connection_timeout_seconds == 180.0
    assert load(HEARTBEAT_INTERVAL="10000").settings.websocket.connection_timeout_seconds == 60.0


def test_a_timeout_that_is_given_is_not_adjusted():
    assert "must be above websocket.heartbeat_interval_seconds (30)" in complaints(CONNECTION_TIMEOUT="20000")[0]


def test_a_longer_retry_delay_alone_takes_the_longest_along():
    assert load(RETRY_DELAY="600000").settings.delivery.retry_max_seconds == 600.0


def test_burst_follows_the_rate_unless_it_is_given():
    assert load(MAX_REQUESTS_PER_MINUTE="600").settings.limits.burst == 600
    assert load(MAX_REQUESTS_PER_MINUTE="600", NOTIFYD_LIMITS_BURST="7").settings.limits.burst == 7


def test_paths_are_expanded():
    loaded = load(toml="[log]\npath = '~/logs'\n[server]\ntls_key = '~/k'\ntls_certificate = 'c'\n")
    assert loaded.settings.log.path == Path("/h/logs")
    assert (loaded.settings.server.tls_key, loaded.settings.server.tls_certificate) == (Path("/h/k"), Path("c"))


def test_a_path_at_home_needs_a_home():
    with pytest.raises(ConfigInvalid, match=r"log.path = ~/logs: ~ needs HOME to be set"):
        assemble(Sources(None, document("n", "[log]\npath = '~/logs'"), None, {}, {}, {}))


def test_channel_rules_arrive():
    loaded = load(toml="[[channels]]\npattern = 'orders.*'\nmax_publications = 5\n")
    assert [(rule.pattern, rule.max_publications) for rule in loaded.settings.channels] == [("orders.*", 5)]
    assert loaded.origins["channels"] == "file n.toml:1"


def test_webhooks_arrive_with_their_paths_expanded():
    loaded = load(toml="[[webhooks]]\nname = 'a'\nurl = 'http://h'\nsecret_file = '~/a.secret'\n")
    assert [(each.name, each.secret_file) for each in loaded.settings.webhooks] == [("a", Path("/h/a.secret"))]
    assert loaded.origins["webhooks"] == "file n.toml:1"


def test_dev_is_refused_in_production_by_dotenv_too():
    sources = Sources(None, None, None, {"NODE_ENV": "production"}, ENVIRON, {})
    with pytest.raises(ConfigInvalid, match="NODE_ENV=production refuses --dev"):
        assemble(sources, dev=True)


def test_production_without_dev_is_fine():
    assert load(NODE_ENV="production").warnings == ()


def test_a_wider_bind_without_tls_warns():
    assert "without TLS" in load(HOST="0.0.0.0").warnings[0]


def test_files_are_read(tmp_path: Path):
    file = tmp_path / "n.toml"
    file.write_text("[server]\nport = 1\nws_port = 2\n")
    (tmp_path / "n.overlay.toml").write_text("[server]\nport = 3\n")
    (tmp_path / ".env").write_text("WS_PORT=4\nHOST=localhost\n")
    loaded = load_settings(config_file=file, environ={"HOST": "::1", **ENVIRON}, dotenv=tmp_path / ".env")
    server = loaded.settings.server
    assert (server.port, server.ws_port, server.host) == (3, 4, "::1")
    assert loaded.origins["server.port"] == f"overlay {tmp_path / 'n.overlay.toml'}:2"
    assert loaded.file == file


def test_dotenv_is_left_alone_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("PORT=4\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ=ENVIRON).settings.server.port == 3000


def test_mongodb_uri_selects_the_records():
    loaded = load(MONGODB_URI="mongodb://u:p@h/db")
    assert loaded.settings.records.url == "mongodb://u:p@h/db"
    assert loaded.origins["records.url"] == "environment MONGODB_URI"


def test_bullmq_follows_the_broker():
    assert load().settings.bullmq == Settings().bullmq
    bullmq = load(NOTIFYD_BROKER_URL="redis+cluster://h").settings.bullmq
    assert (bullmq.enabled, bullmq.url, bullmq.prefix) == (True, "redis+cluster://h", "{bull}")


def test_bullmq_may_have_another_redis_or_be_off():
    bullmq = load(NOTIFYD_BROKER_URL="redis+cluster://h", NOTIFYD_BULLMQ_URL="redis://g").settings.bullmq
    assert (bullmq.enabled, bullmq.url, bullmq.prefix) == (True, "redis://g", "bull")
    assert load(REDIS_HOST="h", NOTIFYD_BULLMQ_ENABLED="false").settings.bullmq.enabled is False


def test_a_slower_heartbeat_alone_takes_the_timeout_of_the_cluster_along():
    assert load(NOTIFYD_CLUSTER_HEARTBEAT_SECONDS="3").settings.cluster.timeout_seconds == 12.0
    assert load(NOTIFYD_CLUSTER_HEARTBEAT_SECONDS="0.5").settings.cluster.timeout_seconds == 4.0


def test_a_refused_redis_makes_no_second_problem():
    assert complaints(REDIS_HOST="a b", NOTIFYD_SERVER_WORKERS="2") == [
        "environment: REDIS_HOST = a b: must be an IP address (IPv6 without brackets) or a host name",
    ]
