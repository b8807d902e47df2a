"""What a caller shows of itself: one credential in the metadata, and its address."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import msgspec

from notifyd.errors import Invalid, NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

_HEADERS: Final = {"authorization": "bearer", "x-api-key": "api_key", "x-client-secret": "client_secret"}
_FORWARDING: Final = frozenset(("forwarded", "via", "x-real-ip"))


class Caller(msgspec.Struct, frozen=True):
    """Who calls, as far as it says; nothing is verified yet. At most one credential is not empty."""

    address: str = ""
    #: Of `authorization: Bearer`.
    bearer: str = ""
    api_key: str = ""
    client_secret: str = ""
    #: A proxy says that it passes the call on for somebody else.
    forwarded: bool = False

    @property
    def bare(self) -> bool:
        """Whether it shows no credential."""
        return not (self.bearer or self.api_key or self.client_secret)

    @property
    def local(self) -> bool:
        """Whether it is a program on this machine that calls for itself."""
        return not self.forwarded and _is_loopback(self.address)

    def __repr__(self) -> str:
        return f"Caller({self.address!r})"


def caller_of(context: grpc.ServicerContext) -> tuple[Caller]:
    """The caller of a call, as the last argument for whoever serves it.

    Raises:
        Invalid, NotAuthenticated: see `read_caller`.
    """
    return (read_caller(context.invocation_metadata() or (), context.peer()),)


def read_caller(metadata: Iterable[tuple[str, str | bytes]], peer: str) -> Caller:
    """The caller that *metadata* and grpcio's name of the *peer* tell of.

    Raises:
        Invalid: there are several credentials, and it is not clear whose call it is.
        NotAuthenticated: `authorization` is not of the form that is understood here.
    """
    found: dict[str, str] = {}
    forwarded = False
    for name, value in metadata:
        forwarded = forwarded or name in _FORWARDING or name.startswith("x-forwarded-")
        if name not in _HEADERS:
            continue
        # only names that end in -bin bring bytes
        text = value if isinstance(value, str) else value.decode("latin-1")
        credential = _bearer_of(text) if name == "authorization" else text.strip()
        if not credential:
            continue
        if found:
            raise Invalid("send one credential alone, once", code="several_credentials")
        found[_HEADERS[name]] = credential
    return Caller(address=address_of(peer), forwarded=forwarded, **found)


def address_of(peer: str) -> str:
    """The IP address in grpcio's name of a peer, such as `ipv6:%5B::1%5D:50051`; "" where there is none."""
    family, _, rest = unquote(peer).partition(":")
    if family not in ("ipv4", "ipv6"):
        return ""
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_loopback(address: str) -> bool:
    return bool(address) and ipaddress.ip_address(address).is_loopback


def _bearer_of(value: str) -> str:
    scheme, _, credential = value.strip().partition(" ")
    if scheme.lower() != "bearer":
        if not scheme:
            return ""
        raise NotAuthenticated("send authorization as `Bearer TOKEN`", code="unsupported_authorization")
    return credential.strip()
