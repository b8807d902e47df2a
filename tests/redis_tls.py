"""Redis with TLS on all ports, between its own servers too: Debian's is built with it, the one in the package is not.

Its certificates vouch for the name `localhost` and not for 127.0.0.1, or the other way round, so that everybody has to
go by what the servers are called.
"""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.valkey import Valkey, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.authority import Authority

#: A documentation address, which nobody has.
_NOWHERE = "192.0.2.1"


class SecureRedis(Valkey):
    """A server that takes TLS alone, but for its Unix socket."""

    def __init__(
        self, folder: Path, *options: str, sentinel: bool = False, host: str, secrets: tuple[Path, Path, Path]
    ) -> None:
        """*secrets*: the files of the authority, of the certificate and of its key."""
        super().__init__(folder, *options, sentinel=sentinel)
        self.host = host
        self._secrets = secrets
        self._is_sentinel = sentinel

    @property
    def url(self) -> str:
        """As settings name it."""
        return f"rediss://{self.host}:{self.port}"

    def program(self) -> Path:
        """See `Valkey`."""
        path = shutil.which("redis-server")
        if path is None:
            missing("redis-server, with TLS as Debian builds it, is not installed")
        return Path(path)

    def places(self) -> list[str]:
        """See `Valkey`."""
        authority, certificate, key = map(str, self._secrets)
        files = ["--tls-ca-cert-file", authority, "--tls-cert-file", certificate, "--tls-key-file", key]
        ports = ["--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1"]
        replication = ["--tls-replication", "yes", "--tls-auth-clients", "no"]
        if self._is_sentinel:
            return [*ports, *files, *replication]
        cluster = ["--tls-cluster", "yes", "--repl-diskless-sync-delay", "0"]
        if self.host != Valkey.host:
            cluster += ["--cluster-announce-hostname", self.host, "--cluster-preferred-endpoint-type", "hostname"]
        return [*ports, *files, *replication, *cluster, "--replica-announce-ip", self.host]

    def start(self) -> None:
        """Start it, and have a Sentinel go by names."""
        super().start()
        if self._is_sentinel:
            for what in ("resolve-hostnames", "announce-hostnames"):
                self.call("SENTINEL", "CONFIG", "SET", what, "yes")


def named(authority: Authority) -> Callable[..., Valkey]:
    """The kind of server that *authority* vouches for by its name, `localhost`."""
    return _secured("localhost", authority, authority.issue("localhost", _NOWHERE))


def addressed(authority: Authority) -> Callable[..., Valkey]:
    """The kind of server that *authority* vouches for by its address, 127.0.0.1."""
    return _secured(Valkey.host, authority, authority.issue("redis.invalid"))


def _secured(host: str, authority: Authority, issued: tuple[Path, Path]) -> Callable[..., Valkey]:
    return functools.partial(SecureRedis, host=host, secrets=(authority.file, *issued))
