"""From bytes to requests: what is no message reaches its call as a refusal, not the log as a fault of grpcio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message


def reader(kind: type[Message]) -> Callable[[bytes], Message | Invalid]:
    """A deserializer of requests of that *kind*; it answers what `readable` raises where it cannot read one."""

    def read(content: bytes) -> Message | Invalid:
        try:
            return kind.FromString(content)
        except DecodeError:
            return Invalid(f"the request is no {kind.DESCRIPTOR.full_name}", code="invalid_message")

    return read


def readable(request: Any) -> Any:
    """*request* itself.

    Raises:
        Invalid: it could not be read.
    """
    if isinstance(request, Invalid):
        raise request
    return request
