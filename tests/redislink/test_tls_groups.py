"""Who is let in over TLS by a cluster and by a group with Sentinels, on each of our two ways there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.for_asyncio.client import REDIS_AWAY
from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from tests.cli.authority import Authority
from tests.redis_tls import addressed, named
from tests.redislink.for_asyncio.test_client import asked
from tests.valkey_groups import running_cluster, running_group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.valkey_groups import Cluster, Group

pytestmark = pytest.mark.slow

SECONDS = 2.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["cluster", "sentinel"])
def servers(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Cluster | Group]:
    # redis-py takes the name localhost for its address where it stands in a cluster
    running, kind = {"cluster": (running_cluster, addressed), "sentinel": (running_group, named)}[request.param]
    with running(kind=kind(authority)) as started:
        yield started


def secure(servers: Cluster | Group, ca_file: Path | None) -> RedisOptions:
    """What settings say of them."""
    url = servers.url.replace("redis+", "rediss+", 1)
    return RedisOptions(url, timeout_seconds=SECONDS, connect_timeout_seconds=SECONDS, ca_file=ca_file)


async def why_refused(options: RedisOptions) -> str:
    """What opening a link is told."""
    with trio.fail_after(20), pytest.raises(StoreUnavailable) as caught:
        await open_link(options)
    return caught.value.message


async def why_refused_in_asyncio(options: RedisOptions) -> str:
    """What the consumer of jobs is told."""
    with pytest.raises(REDIS_AWAY) as caught:
        await asked(options, "PING")
    reasons, problem = [], caught.value
    while problem is not None:
        reasons.append(str(problem))
        problem = problem.__cause__ or problem.__context__
    return "; ".join(reasons)


async def test_whom_the_authority_vouches_for_is_trusted(servers: Cluster | Group, authority: Authority) -> None:
    options = secure(servers, authority.file)
    with trio.fail_after(20):
        link = await open_link(options)
        assert await link.line("test").send("INCR", "k").wait() == 1
        await link.close()
    assert await asked(options, "INCR", "k") == 2


async def test_another_authority_is_not_trusted(servers: Cluster | Group, tmp_path: Path) -> None:
    for ca_file in (Authority(tmp_path).file, None):
        options = secure(servers, ca_file)
        assert "certificate verify failed" in await why_refused(options)
        assert "certificate verify failed" in await why_refused_in_asyncio(options)


async def test_a_certificate_for_another_name_is_not_trusted(servers: Cluster | Group, authority: Authority) -> None:
    options = secure(servers, authority.file)
    by_address = "127.0.0.1" in options.url
    names = ("127.0.0.1", "LOCALHOST") if by_address else ("localhost", "127.0.0.1")
    options = msgspec.structs.replace(options, url=options.url.replace(*names))
    for told in (await why_refused(options), await why_refused_in_asyncio(options)):
        assert f"certificate is not valid for '{names[1]}'" in told


async def test_without_tls_there_is_no_answer(servers: Cluster | Group) -> None:
    options = msgspec.structs.replace(secure(servers, None), url=servers.url)
    assert "cannot be reached" in await why_refused(options)
