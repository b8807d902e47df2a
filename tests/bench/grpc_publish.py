"""Publishes by gRPC, one call each or all on one stream: a process of its own, so that the daemon's time stays apart.

python -m tests.bench.grpc_publish PORT KEY unary|stream COUNT
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from notifyd.v1 import client_pb2_grpc, types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLERS = 8
_DEADLINE_SECONDS = 120.0

_REQUEST = types_pb2.PublishRequest(
    target=types_pb2.Target(channel="bench"), data_json='{"title":"New message","body":"You have a new notification"}'
)


def unary(stub: client_pb2_grpc.NotificationServiceStub, key: str, count: int) -> int:
    """Eight callers, a call each time; answers how many were accepted."""

    def one(_: int) -> str:
        return stub.Publish(_REQUEST, metadata=(("x-api-key", key),), timeout=_DEADLINE_SECONDS).status

    with ThreadPoolExecutor(_CALLERS) as callers:
        return sum(status == "accepted" for status in callers.map(one, range(count)))


def stream(stub: client_pb2_grpc.NotificationServiceStub, key: str, count: int) -> int:
    """One stream; answers how many were accepted."""

    def requests() -> Iterator[types_pb2.PublishRequest]:
        for _ in range(count):
            yield _REQUEST

    answers = stub.PublishStream(requests(), metadata=(("x-api-key", key),), timeout=_DEADLINE_SECONDS)
    return sum(answer.HasField("accepted") for answer in answers)


def main() -> int:
    """Publish; 0 when every one was accepted."""
    port, key, mode, count = sys.argv[1:]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as grpc_channel:
        stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
        accepted = (stream if mode == "stream" else unary)(stub, key, int(count))
    print(accepted)
    return 0 if accepted == int(count) else 1


if __name__ == "__main__":
    sys.exit(main())
