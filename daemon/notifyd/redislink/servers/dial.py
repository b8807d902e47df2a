"""Making connections. redis-py does it: addresses, TLS, login, database, name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import AuthenticationError, RedisError

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import unavailable

if TYPE_CHECKING:
    import socket

    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.url import Address, Endpoint

_CLIENT_NAME: Final = "notifyd"


class _Telling:
    """Tells the socket that a connection has made, so that it can be polled and read under one deadline."""

    made: socket.socket

    def _connect(self) -> socket.socket:
        self.made = super()._connect()  # type: ignore[misc]  # the connection's, which stands behind this class
        return self.made


class _Tcp(_Telling, Connection):
    pass


class _Tls(_Telling, SSLConnection):
    pass


class _Unix(_Telling, UnixDomainSocketConnection):
    pass


class Dialed:
    """A connection that is ready for commands."""

    def __init__(self, endpoint: Endpoint, connection: Any) -> None:
        self.endpoint = endpoint
        self.socket: socket.socket = connection.made
        self._connection = connection

    def close(self) -> None:
        """Close it."""
        self._connection.disconnect()


class Dialer:
    """Makes connections as the options and the URL say."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self._tls = address.tls
        self._ca_file = str(options.ca_file) if options.ca_file else None
        self._login = {"username": address.username, "password": address.password}
        self._database = {"db": address.database}
        self._common: dict[str, Any] = {
            # for the greeting; what comes after has deadlines of its own
            "socket_timeout": options.connect_timeout_seconds,
            "socket_connect_timeout": options.connect_timeout_seconds,
            "client_name": _CLIENT_NAME,
            "protocol": 2,
            "driver_info": None,
        }

    def dial(self, endpoint: Endpoint) -> Dialed:
        """A connection to a server. There are no tries but one.

        Raises:
            StoreUnavailable: it cannot be had within the timeouts; the message names the endpoint.
        """
        return _connected(endpoint, self._made(endpoint, {**self._login, **self._database}), "Redis")

    def dial_sentinel(self, endpoint: Endpoint) -> Dialed:
        """A connection to a Sentinel, which has no databases, and mostly no login. Raises as `dial` does."""
        try:
            return _connected(endpoint, self._made(endpoint, {}), "the Sentinel")
        except StoreUnavailable as exc:
            if not isinstance(exc.__cause__, AuthenticationError):
                raise
        return _connected(endpoint, self._made(endpoint, self._login), "the Sentinel")

    def _made(self, endpoint: Endpoint, login: dict[str, Any]) -> Any:
        place: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port}
        kind: Any = _Tcp
        if endpoint.port == 0:
            kind, place = _Unix, {"path": endpoint.host}
        elif self._tls:
            kind, place = _Tls, {**place, "ssl_ca_certs": self._ca_file}
        return kind(**place, **login, **self._common)


def _connected(endpoint: Endpoint, connection: Any, what: str) -> Dialed:
    try:
        connection.connect()
    except (RedisError, OSError) as exc:
        connection.disconnect()
        raise unavailable(f"{what} at {endpoint} cannot be reached: {_told(exc)}") from exc
    return Dialed(endpoint, connection)


def _told(exc: Exception) -> str:
    # redis-py tells of both as of a connection that was not made in time
    if isinstance(exc.__context__, TimeoutError) and "handshake" in str(exc.__context__):
        return "the TLS handshake was not answered; where no TLS is spoken, the URL begins with redis, not rediss"
    return str(exc)
