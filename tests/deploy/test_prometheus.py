"""Prometheus itself scrapes a daemon as the delivered configuration says, and evaluates the delivered rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
import trio

from tests.deploy.monitoring import DASHBOARDS, RULES, SCRAPE, alerts, filled_in, queries
from tests.e2e.patience import within
from tests.e2e.ports import free_port
from tests.interop.programs import tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

pytestmark = pytest.mark.slow


class Prometheus:
    """One that runs, and what it has seen."""

    def __init__(self, port: int, client: httpx.AsyncClient) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._client = client

    async def ask(self, query: str) -> dict[str, float]:
        """The values of an instant query, by their labels."""
        told = await self._get(f"query?query={quote(query)}")
        return {json.dumps(row["metric"], sort_keys=True): float(row["value"][1]) for row in told["result"]}

    async def until(self, query: str) -> dict[str, float]:
        """The values, once there are some."""
        while True:
            try:
                if found := await self.ask(query):
                    return found
            except (httpx.TransportError, httpx.HTTPStatusError):  # it has not begun yet
                pass
            await trio.sleep(0.1)

    async def rules(self) -> list[dict[str, Any]]:
        """Every rule, with how its last evaluation went."""
        return [rule for group in (await self._get("rules"))["groups"] for rule in group["rules"]]

    async def _get(self, path: str) -> Any:
        answer = await self._client.get(f"{self._url}/{path}")
        answer.raise_for_status()
        return answer.json()["data"]


def configured(folder: Path, daemon: Daemon) -> Path:
    """What is delivered for Prometheus, but for the address, the file of the token and the pace."""
    folder.mkdir()
    shutil.copy(RULES, folder)
    host, port = daemon.http
    text = SCRAPE.read_text().replace("127.0.0.1:3000", f"{host}:{port}")
    text = text.replace("/etc/prometheus/notifyd.token", str(daemon.state_dir / "admin.token"))
    file = folder / "prometheus.yml"
    file.write_text(re.sub(r"(_interval|scrape_timeout): \d+s", r"\1: 1s", text))
    return file


@asynccontextmanager
async def prometheus(file: Path) -> AsyncIterator[Prometheus]:
    """Prometheus with this configuration, until the block ends."""
    port = free_port()
    command = [tool("prometheus"), f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={file.parent}/data"]
    command.append(f"--config.file={file}")
    process = await trio.lowlevel.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            yield Prometheus(port, client)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


@within(60)
async def test_a_daemon_is_scraped_and_every_query_is_answered(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    key = (await daemon.ctl("keys", "create", "--name", "load", "-q")).out.strip()
    file = configured(tmp_path / "prometheus", daemon)
    async with daemon.rest(key) as client:
        for number in range(3):
            await client.call("POST", "/api/notifications", {"channel": "news", "data": number})
    async with prometheus(file) as one:
        assert list((await one.until('up{job="notifyd"} == 1')).values()) == [1]
        assert list((await one.until("notifyd_notifications_accepted_total")).values()) == [3]
        assert list((await one.until("sum(notifyd_accept_seconds_count)")).values()) == [3]
        assert list((await one.until("notifyd_ready")).values()) == [1]
        for query in map(filled_in, [each for dashboard in DASHBOARDS for each in queries(dashboard)]):
            await one.ask(query)
        rules = await one.rules()
        assert len(rules) == len(alerts())
        assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
        # a daemon that was started a moment ago, with nothing to do: nothing is wrong with it
        assert not await one.ask('ALERTS{alertstate="firing"}')
