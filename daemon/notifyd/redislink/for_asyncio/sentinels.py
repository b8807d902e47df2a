"""Who is the master of a group, for redis-py's asyncio side: its own search does not say why a Sentinel is no help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError

if TYPE_CHECKING:
    from notifyd.redislink.url import Address, Endpoint


class Sentinels:
    """What a `SentinelConnectionPool` asks; see `finder.SentinelGroup`, which does the same for threads."""

    def __init__(self, address: Address, options: dict[str, Any]) -> None:
        """*options* are those of a connection to a Sentinel, without a login."""
        self._endpoints = list(address.endpoints)
        self._login = {"username": address.username, "password": address.password}
        self._options = options

    async def discover_master(self, group: str) -> tuple[str, int]:
        """Host and port of the master.

        Raises:
            MasterNotFoundError: no Sentinel names one; the message tells of each why.
        """
        reasons = []
        for endpoint in tuple(self._endpoints):
            try:
                host, port = await self._named(endpoint, group)
            except (redis_errors.RedisError, OSError) as exc:
                reasons.append(f"the Sentinel at {endpoint} cannot be reached: {exc}")
                continue
            if host is not None:
                # the one that answered is asked first the next time
                self._endpoints.remove(endpoint)
                self._endpoints.insert(0, endpoint)
                return host, int(port)
            reasons.append(f"the Sentinel at {endpoint} knows no group {group}")
        raise MasterNotFoundError("; ".join(reasons))

    async def _named(self, endpoint: Endpoint, group: str) -> tuple[Any, Any]:
        """What one of them says, which mostly has no login."""
        try:
            return await self._ask(endpoint, group, {})
        except redis_errors.AuthenticationError:
            return await self._ask(endpoint, group, self._login)

    async def _ask(self, endpoint: Endpoint, group: str, login: dict[str, Any]) -> tuple[Any, Any]:
        client: Any = Redis(host=endpoint.host, port=endpoint.port, **self._options, **login)
        try:
            answer = await client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", group)
        finally:
            await client.aclose()
        return (None, None) if answer is None else (answer[0], answer[1])
