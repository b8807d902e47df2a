from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.problems import CannotStart
from notifyd.app.reload import Reloader
from notifyd.errors import Invalid
from tests.app.composed import composed, loaded_with
from tests.store.samples import expire

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from notifyd.app.parts.graph import Graph

HOOK = "[[webhooks]]\nname = 'hook'\nurl = 'http://127.0.0.1:9/'\n"


async def graph_of(folder: Path, nursery: trio.Nursery, text: str) -> Graph:
    nursery.start_soon(expire, 20)
    return await composed(loaded_with(folder, text=text), nursery)


async def test_where_none_is_configured_nobody_is_told(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await graph_of(tmp_path, nursery, "")
    assert graph.dispatcher.events is None
    assert graph.hub.observers == ()
    assert not (tmp_path / "webhooks").exists()


async def test_the_settings_reach_everybody(tmp_path: Path, nursery: trio.Nursery) -> None:
    text = HOOK + (
        "events = ['user.connected']\nclient = 'shop'\n"
        "[events]\nmax_waiting = 7\nexpiry_seconds = 60\nwith_data = true\nmax_attempts = 5\nbatch_size = 3\n"
        "timeout_seconds = 2\ngrace_seconds = 4\n[delivery]\nageing_seconds = 2\n"
    )
    telling = (await graph_of(tmp_path, nursery, text)).telling
    rules, events = telling.router.rules, telling.desk.rules
    assert (rules.max_attempts, rules.batch_size, rules.timeout_seconds) == (5, 3, 2)
    assert (events.max_waiting, events.expiry_ms, events.with_data, events.ageing_ms) == (7, 60_000, True, 2000)
    (endpoint,) = telling.book
    assert (endpoint.wish.events, endpoint.wish.client_id) == (("user.connected",), "shop")


async def test_only_who_is_wanted_is_watched(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await graph_of(tmp_path, nursery, HOOK + "events = ['notification.dead']\n")
    assert graph.dispatcher.events is graph.telling.desk
    assert graph.hub.observers == ()


async def test_a_reload_changes_who_is_told(tmp_path: Path, nursery: trio.Nursery) -> None:
    graph = await graph_of(tmp_path, nursery, "")
    text = [HOOK]
    reloader = Reloader(graph, lambda: loaded_with(tmp_path, text=text[0]))
    assert "webhooks" in reloader.reload().applied
    assert graph.dispatcher.events is graph.telling.desk
    assert graph.hub.observers == (graph.telling.watch,)
    secret = graph.telling.service.secret("hook")
    text[0] = ""
    reloader.reload()
    assert (graph.dispatcher.events, graph.hub.observers) == (None, ())
    text[0] = HOOK
    reloader.reload()
    assert graph.telling.service.secret("hook") == secret


async def test_a_reload_with_a_secret_that_cannot_be_used_changes_nothing(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    graph = await graph_of(tmp_path, nursery, HOOK)
    (tmp_path / "bad.secret").write_text("hunter2")
    (tmp_path / "bad.secret").chmod(0o600)
    text = HOOK + f"secret_file = '{tmp_path / 'bad.secret'}'\n[delivery]\nbatch_size = 7\n"
    reloader = Reloader(graph, lambda: loaded_with(tmp_path, text=text))
    with pytest.raises(Invalid, match=r"the secret of the webhook hook in .*bad\.secret cannot be used") as refused:
        reloader.reload()
    assert "hunter2" not in refused.value.message
    assert graph.dispatcher.rules.batch_size == 100
    assert reloader.settings.webhooks[0].secret_file is None


async def test_a_daemon_does_not_start_without_its_secrets(tmp_path: Path, nursery: trio.Nursery) -> None:
    with pytest.raises(CannotStart, match="cannot write the secret of the webhook hook"):
        await graph_of(tmp_path, nursery, HOOK + "secret_file = '/nowhere/hook.secret'\n")
