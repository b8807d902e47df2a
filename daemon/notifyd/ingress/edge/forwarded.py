"""Who is at the other end, when proxies stand between: their word counts only where the operator trusts them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.ingress.edge.http.request import Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """The networks whose `X-Forwarded-For`, `-Proto` and `-Host` are believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(network, strict=False) for network in networks)
        self._trusts = lru_cache(maxsize=1024)(self._within)

    def client_address(self, request: Request) -> str:
        """The address of the client: the peer, or behind trusted proxies the nearest one that is none of them."""
        address = request.peer.host
        if not self._networks or not self._trusts(address):
            return address
        # Each proxy appends whom it saw, so that only the right end was written by somebody we trust.
        hops = b",".join(request.header_all(b"x-forwarded-for")).decode("latin-1").split(",")
        for hop in reversed(hops):
            seen = _parse(hop)
            if seen is None:
                return address
            address = str(seen)
            if not self._trusts(address):
                return address
        return address

    def secure(self, request: Request) -> bool:
        """Whether the client speaks TLS: to us, or to a trusted proxy that says so."""
        if request.secure or not self._networks or not self._trusts(request.peer.host):
            return request.secure
        said = b",".join(request.header_all(b"x-forwarded-proto")).rpartition(b",")[2]
        return said.strip().lower() == b"https"

    def host(self, request: Request) -> bytes:
        """What the client asked for as Host: of us, or of a trusted proxy that says so."""
        asked = request.header(b"host") or b""
        if not self._networks or not self._trusts(request.peer.host):
            return asked
        return (request.header(b"x-forwarded-host") or b"").rpartition(b",")[2].strip() or asked

    def _within(self, address: str) -> bool:
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _parse(text: str) -> Address | None:
    """An address as proxies write it, with or without a port."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped: ipaddress.IPv4Address | None = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed
