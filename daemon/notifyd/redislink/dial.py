"""Making connections. redis-py does it: addresses, TLS, login, database, name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import RedisError

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

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.socket: socket.socket = connection.made

    def close(self) -> None:
        """Close it."""
        self._connection.disconnect()


class Dialer:
    """Makes connections as the options and the URL say."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self._tls = address.tls
        self._ca_file = str(options.ca_file) if options.ca_file else None
        self._common: dict[str, Any] = {
            "db": address.database,
            "username": address.username,
            "password": address.password,
            # what comes after the greeting has deadlines of its own
            "socket_timeout": options.connect_timeout_seconds,
            "socket_connect_timeout": options.connect_timeout_seconds,
            "client_name": _CLIENT_NAME,
            "protocol": 2,
            "driver_info": None,
        }

    def dial(self, endpoint: Endpoint) -> Dialed:
        """A connection to *endpoint*. There are no tries but one.

        Raises:
            StoreUnavailable: it cannot be had within the timeouts; the message names the endpoint.
        """
        connection = self._connection(endpoint)
        try:
            connection.connect()
        except (RedisError, OSError) as exc:
            connection.disconnect()
            raise unavailable(f"Redis at {endpoint} cannot be reached: {exc}") from exc
        return Dialed(connection)

    def _connection(self, endpoint: Endpoint) -> Any:
        place: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port}
        kind: Any = _Tcp
        if endpoint.port == 0:
            kind, place = _Unix, {"path": endpoint.host}
        elif self._tls:
            kind, place = _Tls, {**place, "ssl_ca_certs": self._ca_file}
        return kind(**place, **self._common)
