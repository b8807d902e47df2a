"""The request as applications see it."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


class Peer(NamedTuple):
    """The address at the other end."""

    host: str
    port: int


class Request(Struct, frozen=True, gc=False):
    """One request. Names of headers are in lower case; `body` is empty where the body is streamed."""

    method: str
    target: bytes
    path: str
    raw_path: bytes
    query: bytes
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: Peer
    secure: bool = False

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header *name* (in lower case)."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def header_all(self, name: bytes) -> list[bytes]:
        """Every value of the header *name* (in lower case), in order."""
        return [value for key, value in self.headers if key == name]
