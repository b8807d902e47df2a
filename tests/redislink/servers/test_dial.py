"""The ways to a server: login, database, Unix socket, name, TLS. Threads, so no autojump clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.link import Link, open_link
from notifyd.redislink.options import RedisOptions
from tests.e2e.ports import free_port
from tests.redislink.tls_front import self_signed, tls_front
from tests.redislink.waiting import Heard, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.valkey import Valkey


@asynccontextmanager
async def linked(url: str, ca_file: Path | None = None) -> AsyncIterator[Link]:
    with trio.fail_after(20):
        link = await open_link(RedisOptions(url=url, connect_timeout_seconds=2, timeout_seconds=2, ca_file=ca_file))
        try:
            yield link
        finally:
            await link.close()


async def test_password_user_database_and_name(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey("--requirepass", "p@ss/word")
    place = f"127.0.0.1:{server.port}"
    setuser = ("ACL", "SETUSER", "me", "on", ">secret", "+@all", "~*", "&*")
    await trio.to_thread.run_sync(lambda: server.call(*setuser, password="p@ss/word"))
    for url in (
        f"redis://:p%40ss%2Fword@{place}/3",
        f"redis://me:secret@{place}/3",
        f"unix://me:secret@{server.path}?db=3",
    ):
        async with linked(url) as link:
            described = await link.line("test").send("CLIENT", "INFO").wait()
            assert b" name=notifyd " in described
            assert b" db=3 " in described
    for url in (f"redis://{place}", f"redis://:wrong@{place}", f"redis://me:wrong@{place}"):
        with pytest.raises(StoreUnavailable, match=place) as caught:
            async with linked(url):
                raise AssertionError("it was let in")
        assert "wrong" not in caught.value.message


async def test_a_user_without_rights_is_told_what_is_missing(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    await trio.to_thread.run_sync(server.call, "ACL", "SETUSER", "me", "on", ">secret", "+@all", "-@dangerous", "~k*")
    async with linked(f"redis://me:secret@127.0.0.1:{server.port}") as link:
        with pytest.raises(StoreUnavailable, match="NOPERM"):
            await link.line("test").send("GET", "other").wait()
        assert await link.line("test").send("GET", "k").wait() is None
        # without the right to its topics nothing is followed, and it goes on trying
        following = link.listener.follow("topic", lambda _: None, lambda: None)
        await until(lambda: link.failing_since() is not None)
        await trio.to_thread.run_sync(server.call, "ACL", "SETUSER", "me", "&*")
        await following.wait_live()


async def test_nobody_there(tmp_path: Path) -> None:
    for url in (f"redis://127.0.0.1:{free_port()}", f"unix://{tmp_path}/none"):
        with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
            async with linked(url):
                raise AssertionError("somebody is there")
        assert caught.value.retry_after_seconds == 1


async def test_who_speaks_no_tls_is_told_from_who_is_away(valkey: Valkey) -> None:
    with pytest.raises(StoreUnavailable, match=r"TLS handshake was not answered; .* redis, not rediss"):
        async with linked(f"rediss://127.0.0.1:{valkey.port}"):
            raise AssertionError("TLS is spoken")


async def test_tls_is_verified(valkey: Valkey, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    other, _ = self_signed(tmp_path, "elsewhere")
    heard = Heard()
    with tls_front(valkey.path, certificate, key) as port:
        async with linked(f"rediss://localhost:{port}", certificate) as link:
            line = link.line("test")
            big = b"x" * 300_000
            await link.listener.follow("tls-topic", heard.note, heard.live).wait_live()
            replies = [line.send("ECHO", big) for _ in range(3)]
            assert {await reply.wait() for reply in replies} == {big}
            for _ in range(3):
                await line.send("SPUBLISH", "tls-topic", big).wait()
            await until(lambda: heard.messages == [big] * 3)
        for url, ca_file in ((f"rediss://localhost:{port}", other), (f"rediss://127.0.0.1:{port}", certificate)):
            with pytest.raises(StoreUnavailable, match="certificate verify failed"):
                async with linked(url, ca_file):
                    raise AssertionError("anybody is trusted")
