from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.app.changing import Changer
from notifyd.app.reload import Reloader
from notifyd.config import Loaded, load_settings
from notifyd.errors import Conflict, Invalid, NotifydError
from notifyd.service.daemon import ConfigChange
from tests.app.composed import composed

if TYPE_CHECKING:
    import trio

    from notifyd.app.parts.graph import Graph
    from notifyd.config.documents import Document

ORDERS = '[{pattern = "orders.*", presence = true}]'


class Source:
    """A configuration file with its overlay, and an environment."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "notifyd.toml"
        self.overlay = folder / "notifyd.overlay.toml"
        self.environ = {"HOME": str(folder)}
        self.file.write_text("[limits]\nburst = 7\n")

    def read(self, overlay: Document | None = None) -> Loaded:
        flags = {"broker.durability": "memory", "server.state_dir": str(self.file.parent), "server.grpc_port": "0"}
        return load_settings(config_file=self.file, environ=self.environ, flags=flags, overlay=overlay)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


@pytest.fixture
async def graph(source: Source, nursery: trio.Nursery) -> Graph:
    return await composed(source.read(), nursery)


@pytest.fixture
def changer(graph: Graph, source: Source) -> Changer:
    reloader = Reloader(graph, source.read)
    graph.daemon.on_reload, graph.daemon.on_show = reloader.reload, reloader.show
    return Changer(graph.daemon, source.read)


def in_force(graph: Graph, key: str) -> str:
    return next(entry.value for entry in graph.daemon.show_config() if entry.key == key)


async def test_tables_and_settings_are_kept_and_in_force(changer: Changer, graph: Graph, source: Source) -> None:
    done = changer.change([ConfigChange("channels", ORDERS), ConfigChange("log.level", '"warning"')], dry_run=False)
    assert (done.overlay, sorted(done.applied), done.overridden) == (source.overlay, ["channels", "log.level"], [])
    assert 'pattern = "orders.*"' in in_force(graph, "channels")
    assert source.file.read_text() == "[limits]\nburst = 7\n"
    again = source.read()
    assert ([rule.pattern for rule in again.settings.channels], again.settings.log.level) == (["orders.*"], "warning")


async def test_an_empty_value_takes_the_key_out_again(changer: Changer, graph: Graph, source: Source) -> None:
    changer.change([ConfigChange("channels", ORDERS), ConfigChange("limits.burst", "9")], dry_run=False)
    changer.change([ConfigChange("limits.burst", ""), ConfigChange("channels", "")], dry_run=False)
    assert (in_force(graph, "limits.burst"), in_force(graph, "channels")) == ("7", "[]")


async def test_trying_out_changes_nothing(changer: Changer, graph: Graph, source: Source) -> None:
    tried = changer.change([ConfigChange("channels", ORDERS)], dry_run=True)
    assert (tried.applied, in_force(graph, "channels"), source.overlay.exists()) == ([], "[]", False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (ConfigChange("channels", '[{pattern = "a", join_leave = true}]'), "join_leave without presence"),
        (ConfigChange("channels", '[{patern = "a"}]'), "the nearest key is pattern"),
        (ConfigChange("channels", "["), "is no TOML"),
        (ConfigChange("channels", "[]\n[server]\nport = 1"), "more than a value"),
        (ConfigChange("chanels", "[]"), "the nearest key is channels"),
        (ConfigChange("server.port", "1"), "needs a restart"),
        (ConfigChange("limits.burst", '"many"'), "limits.burst"),
        (ConfigChange("limits.burst", "5", expected="8"), "changed meanwhile"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_what_is_not_valid_changes_nothing(
    changer: Changer, graph: Graph, source: Source, change: ConfigChange, said: str, dry_run: bool
) -> None:
    with pytest.raises(NotifydError, match=said):
        changer.change([ConfigChange("log.level", '"error"'), change], dry_run=dry_run)
    assert (in_force(graph, "log.level"), source.overlay.exists()) == ('"info"', False)


async def test_what_was_expected_and_is_so_is_changed(changer: Changer, graph: Graph) -> None:
    changer.change([ConfigChange("limits.burst", "5", expected="7")], dry_run=False)
    assert in_force(graph, "limits.burst") == "5"


async def test_nothing_to_change_is_a_mistake(changer: Changer) -> None:
    with pytest.raises(Invalid, match="at least one"):
        changer.change([], dry_run=False)


async def test_what_lies_over_the_overlay_is_named(changer: Changer, source: Source) -> None:
    source.environ["NOTIFYD_LOG_LEVEL"] = "error"
    assert changer.change([ConfigChange("log.level", '"debug"')], dry_run=False).overridden == ["log.level"]


async def test_a_reload_that_fails_leaves_the_overlay_as_it_was(changer: Changer, graph: Graph, source: Source) -> None:
    changer.change([ConfigChange("limits.burst", "5")], dry_run=False)
    before = source.overlay.read_text()
    secret = source.file.parent / "open.secret"
    secret.write_text("whsec_x\n")
    secret.chmod(0o644)
    hook = f'[{{name = "b", url = "https://b.example", secret_file = "{secret}"}}]'
    with pytest.raises(Invalid, match="read by others"):
        changer.change([ConfigChange("webhooks", hook), ConfigChange("limits.burst", "6")], dry_run=False)
    assert (source.overlay.read_text(), in_force(graph, "limits.burst")) == (before, "5")


async def test_a_folder_that_the_daemon_may_not_write_is_named(graph: Graph, source: Source) -> None:
    reloader = Reloader(graph, source.read)
    graph.daemon.on_reload, graph.daemon.on_show = reloader.reload, reloader.show
    graph.daemon.about = replace(graph.daemon.about, config_file=Path("/proc/notifyd.toml"))
    with pytest.raises(Conflict, match="user write to /proc") as problem:
        Changer(graph.daemon, source.read).change([ConfigChange("limits.burst", "5")], dry_run=False)
    assert (problem.value.code, in_force(graph, "limits.burst")) == ("overlay_not_writable", "7")


async def test_a_place_where_nothing_can_be_written_is_named(changer: Changer, source: Source) -> None:
    source.overlay.mkdir()
    with pytest.raises(Invalid, match="cannot be read"):
        changer.change([ConfigChange("limits.burst", "5")], dry_run=False)
