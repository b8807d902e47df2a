from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.app.listeners.tls import Certificate
from notifyd.app.problems import CannotStart
from notifyd.app.reload import Reloader
from notifyd.errors import Invalid
from notifyd.model.disconnect import NOT_AUTHENTICATED
from tests.app.composed import loaded_with
from tests.service.node import RecordingLink, endings

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.app.parts.graph import Graph
    from notifyd.config import Loaded, Settings
    from notifyd.service.daemon import ConfigEntry


class Source:
    """The configuration file that the daemon reads again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.text = ""

    def read(self) -> Loaded:
        return loaded_with(self._folder, text=self.text)


class GoneCertificate(Certificate):
    """One that was good when the daemon started."""

    def __init__(self) -> None:
        """Nothing is loaded."""

    def load(self) -> None:
        raise CannotStart("the file is gone")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


@pytest.fixture
def reloader(graph: Graph, source: Source) -> Reloader:
    return Reloader(graph, source.read)


def entry(reloader: Reloader, key: str) -> ConfigEntry:
    return next(each for each in reloader.show() if each.key == key)


@pytest.mark.parametrize(
    ("key", "value", "look"),
    [
        ("delivery.max_data_bytes", 100, lambda graph: graph.publisher.rules.max_data_bytes),
        ("delivery.idempotency_seconds", 7, lambda graph: graph.publisher.idempotency_ms / 1000),
        ("delivery.batch_size", 7, lambda graph: graph.dispatcher.rules.batch_size),
        ("delivery.retry_attempts", 7, lambda graph: graph.dispatcher.rules.max_attempts),
        ("delivery.max_queue_size", 7, lambda graph: graph.queue.stats().max_size),
        ("websocket.max_subscriptions", 7, lambda graph: graph.subscriber.rules.max_subscriptions),
        ("websocket.max_protocol_errors", 7, lambda graph: graph.native_rules.max_protocol_errors),
        ("websocket.allowed_origins", ["https://a.example"], lambda graph: [*graph.native_rules.allowed_origins]),
        ("keys.max_connections_per_key", 7, lambda graph: graph.connector.rules.max_connections_per_key),
        ("keys.max_keys", 7, lambda graph: graph.keys.rules.max_keys),
        ("clients.max_clients", 7, lambda graph: graph.clients.rules.max_clients),
        ("clients.max_connections_per_user", 7, lambda graph: graph.connector.rules.max_connections_per_user),
        ("clients.leeway_seconds", 7, lambda graph: graph.tokens.rules.leeway_seconds),
        ("clients.users_may_publish", False, lambda graph: graph.namespace_rules.users_may_publish),
        ("clients.publishes_per_minute", 7, lambda graph: graph.namespace_rules.publishes_per_minute),
        ("clients.max_devices_per_user", 7, lambda graph: graph.devices.rules.max_per_user),
        ("clients.max_targets", 7, lambda graph: graph.publisher.rules.max_targets),
        ("limits.enabled", False, lambda graph: graph.limiter.enabled),
    ],
)
async def test_what_can_change_is_in_force_at_once(
    graph: Graph, source: Source, reloader: Reloader, key: str, value: object, look: Any
) -> None:
    section, _, name = key.partition(".")
    source.text = f"[{section}]\n{name} = {json.dumps(value)}"
    assert look(graph) != value
    result = reloader.reload()
    assert (key in result.applied, result.need_restart) == (True, [])
    assert look(graph) == value


async def test_what_is_outside_the_graph_follows(source: Source, reloader: Reloader) -> None:
    seen: list[Settings] = []
    reloader.follow(seen.append)
    source.text = "[server]\ndrain_seconds = 3\nport = 4000\n[metrics]\nopen = true"
    reloader.reload()
    (settings,) = seen
    assert (settings.server.drain_seconds, settings.metrics.open, settings.server.port) == (3, True, 3000)


async def test_what_cannot_change_waits_for_a_restart_and_shows_as_it_was(source: Source, reloader: Reloader) -> None:
    source.text = "\n\n[server]\nport = 4000\n[log]\nlevel = 'debug'"
    result = reloader.reload()
    assert (result.applied, result.need_restart) == (["log.level"], ["server.port"])
    port, level = entry(reloader, "server.port"), entry(reloader, "log.level")
    assert (port.value, port.origin, port.reloadable) == ("3000", "default", False)
    assert (level.value, level.reloadable) == ('"debug"', True)
    assert level.origin.endswith("notifyd.toml:6")


async def test_what_waits_is_told_each_time(source: Source, reloader: Reloader) -> None:
    source.text = "[server]\nport = 4000"
    assert reloader.reload().need_restart == reloader.reload().need_restart == ["server.port"]
    source.text = ""
    assert reloader.reload().need_restart == []


async def test_a_bad_configuration_changes_nothing(graph: Graph, source: Source, reloader: Reloader) -> None:
    before = reloader.show()
    source.text = "[delivery]\nmax_queue_size = 7\nbatch_size = 0\n[log]\nlevel = 'loud'"
    with pytest.raises(Invalid) as problem:
        reloader.reload()
    assert problem.value.code == "config_invalid"
    assert "delivery.batch_size" in problem.value.message
    assert "log.level" in problem.value.message
    assert reloader.show() == before
    assert graph.queue.stats().max_size == 10_000


async def test_a_certificate_that_cannot_be_used_changes_nothing(graph: Graph, source: Source, tmp_path: Path) -> None:
    reloader = Reloader(graph, source.read, GoneCertificate())
    source.text = "[delivery]\nbatch_size = 7"
    with pytest.raises(Invalid, match="the file is gone") as problem:
        reloader.reload()
    assert (problem.value.code, graph.dispatcher.rules.batch_size) == ("certificate_invalid", 100)


async def test_buckets_stay_as_they_are_where_the_limits_do(graph: Graph, source: Source, reloader: Reloader) -> None:
    graph.limiter.take("somebody", 60)
    source.text = "[delivery]\nbatch_size = 7"
    reloader.reload()
    left = graph.limiter.take("somebody")
    assert left is not None
    assert not left.allowed


async def test_shorter_deadlines_count_for_live_connections(
    graph: Graph, source: Source, reloader: Reloader, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    nursery.start_soon(graph.sweeper.run)
    connection = graph.connector.admit(RecordingLink())
    source.text = "[websocket]\nauthentication_seconds = 2"
    reloader.reload()
    await trio.sleep(4)
    assert endings(connection) == [NOT_AUTHENTICATED]


async def test_every_setting_is_shown_in_toml(reloader: Reloader, source: Source) -> None:
    source.text = (
        "[[channels]]\npattern = 'a.*'\nmax_publications = 5\n"
        "[[channels]]\npattern = 'b'\nmax_age_seconds = 1.5\nusers_subscribe = true"
    )
    assert "channels" in reloader.reload().applied
    shown = entry(reloader, "channels")
    assert shown.value == (
        '[{pattern = "a.*", max_publications = 5, users_subscribe = false, users_publish = false, '
        "presence = false, join_leave = false}, "
        '{pattern = "b", max_age_seconds = 1.5, users_subscribe = true, users_publish = false, '
        "presence = false, join_leave = false}]"
    )
    assert shown.origin.startswith("file ")
    assert entry(reloader, "server.admin_socket").value == '""'
    assert entry(reloader, "broker.url").value == '"local"'
    assert entry(reloader, "limits.enabled").value == "true"
