"""Clients for a library that brings its own loop and wants redis-py's asyncio side, as BullMQ's does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import hiredis
from redis import exceptions as redis_errors
from redis.asyncio import Redis, RedisCluster, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff

from notifyd.redislink.for_asyncio.sentinels import Sentinels
from notifyd.redislink.url import Mode, parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.url import Address

#: What a call raises while Redis is away, or cannot do it now; whether it was done is not known.
REDIS_AWAY: Final = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.BusyLoadingError,
    redis_errors.MasterDownError,
    redis_errors.ReadOnlyError,
    redis_errors.ClusterDownError,
    # none of the nodes of a cluster was reached, or nobody has the slot
    redis_errors.RedisClusterException,
    redis_errors.TryAgainError,
    redis_errors.OutOfMemoryError,
    redis_errors.AuthenticationError,
    redis_errors.NoPermissionError,
    OSError,
)


#: The server does not know a script: it is new, or was restarted.
NO_SCRIPT: Final = redis_errors.NoScriptError


def open_client(options: RedisOptions, *, name: str = "notifyd", patience_seconds: float = 0.0) -> Any:
    """A client, not connected yet; close it with `aclose`. It tries nothing twice: whoever calls knows better.

    *name* is what the server calls it. A call may take *patience_seconds* longer than the options say: for commands
    that block.

    Raises:
        Invalid: the URL is none.
    """
    address = parse_url(options.url)
    common = _common(options, address, name, patience_seconds)
    if address.mode is Mode.CLUSTER:
        nodes = [ClusterNode(endpoint.host, endpoint.port) for endpoint in address.endpoints]
        return RedisCluster(startup_nodes=nodes, **common, **_tls(options, address))
    common["db"] = address.database
    if address.mode is Mode.SENTINEL:
        return Redis.from_pool(_sentinel_pool(options, address, common))
    return _single(options, address, common)


def pipelines(client: Any) -> bool:
    """Whether *client* can send scripts in a pipeline; one for a cluster cannot."""
    return not isinstance(client, RedisCluster)


async def exchange(client: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
    """The answers to *commands* in one round trip, in order; an error reply is one of them. Not for a cluster.

    Half the price of a pipeline of redis-py.

    Raises:
        REDIS_AWAY: one of these; which of the commands were done is not known.
    """
    connection = await client.connection_pool.get_connection()
    try:
        await connection.send_packed_command([hiredis.pack_command(tuple(words)) for words in commands])
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except redis_errors.ResponseError as exc:
                answers.append(exc)
    except BaseException:
        # answers may still come on it
        await connection.disconnect(nowait=True)
        raise
    finally:
        await client.connection_pool.release(connection)
    return answers


def _sentinel_pool(options: RedisOptions, address: Address, common: dict[str, Any]) -> Any:
    secure = _tls(options, address)
    timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), options.connect_timeout_seconds)
    others = {name: common[name] for name in ("client_name", "retry", "protocol", "decode_responses")}
    pool: Any = SentinelConnectionPool  # its types say nothing
    return pool(address.group, Sentinels(address, {**timeouts, **others, **secure}), **common, **secure)


def _common(options: RedisOptions, address: Address, name: str, patience_seconds: float) -> dict[str, Any]:
    return {
        "username": address.username,
        "password": address.password,
        "socket_timeout": options.timeout_seconds + patience_seconds,
        "socket_connect_timeout": options.connect_timeout_seconds,
        "client_name": name,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "decode_responses": True,
        # what a producer stored that is no text must not break the answers beside it
        "encoding_errors": "replace",
    }


def _tls(options: RedisOptions, address: Address) -> dict[str, Any]:
    return {"ssl": True, "ssl_ca_certs": _ca_file(options)} if address.tls else {}


def _ca_file(options: RedisOptions) -> str | None:
    return str(options.ca_file) if options.ca_file else None


def _single(options: RedisOptions, address: Address, common: dict[str, Any]) -> Any:
    endpoint = address.endpoints[0]
    place: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port}
    kind: Any = Connection
    if endpoint.port == 0:
        kind, place = UnixDomainSocketConnection, {"path": endpoint.host}
    elif address.tls:
        kind, place["ssl_ca_certs"] = SSLConnection, _ca_file(options)
    return Redis.from_pool(ConnectionPool(connection_class=kind, **place, **common))
