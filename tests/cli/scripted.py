"""The admin service on a real socket with scripted answers, and the command line run in this process beside it."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory

from notifyctl import main
from notifyd.v1 import admin_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["AdminService"]
Script = Callable[[Any, grpc.ServicerContext], Any]


class Admin:
    """An admin service whose methods do what a test told them, and which remembers what it was asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.requests: list[Any] = []
        self._scripts: dict[str, Script] = {}
        self._server: grpc.Server | None = None

    def answers(self, method: str, answer: Any) -> None:
        """*method* gives *answer*; a list for a method that streams."""
        self.does(method, lambda request, context: iter(answer) if isinstance(answer, list) else answer)

    def refuses(self, method: str, status: grpc.StatusCode, message: str, **metadata: str) -> None:
        """*method* ends with *status*; metadata such as notifyd_code="queue_full"."""

        def refuse(request: Any, context: grpc.ServicerContext) -> Any:
            context.set_trailing_metadata(tuple((key.replace("_", "-"), value) for key, value in metadata.items()))
            context.abort(status, message)

        self.does(method, refuse)

    def does(self, method: str, script: Script) -> None:
        """*method* is *script*."""
        self._scripts[method] = script

    def start(self) -> None:
        """Begin to answer at the socket."""
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[self._handlers()])
        self._server.add_insecure_port(f"unix:{self.socket}")
        self._server.start()

    def stop(self) -> None:
        """Go away at once, as a daemon that was killed."""
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None

    def _handlers(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE.full_name, {method.name: self._handler(method) for method in SERVICE.methods}
        )

    def _handler(self, method: Any) -> grpc.RpcMethodHandler:
        def act(request: Any, context: grpc.ServicerContext) -> Any:
            if not method.client_streaming:
                self.requests.append(request)
            script = self._scripts.get(method.name)
            if script is None:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no script for {method.name}")
            return script(request, context)

        kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(
            act,
            request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
            response_serializer=message_factory.GetMessageClass(method.output_type).SerializeToString,
        )


@dataclass(frozen=True)
class Result:
    """How one command line ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def objects(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


@dataclass
class Ctl:
    """Runs command lines in this process, stdout and stderr caught, with stdin as given."""

    capture: pytest.CaptureFixture[str]
    folder: Path
    options: list[str] = field(default_factory=list)

    def __call__(self, *args: str, stdin: bytes = b"") -> Result:
        self.capture.readouterr()
        with self._stdin(stdin):
            status = main.run([*args, *self.options])
        caught = self.capture.readouterr()
        return Result(int(status), caught.out, caught.err)

    def _stdin(self, content: bytes) -> Any:
        source = self.folder / "stdin"
        source.write_bytes(content)
        return Redirected(os.open(source, os.O_RDONLY))


class Redirected:
    """Descriptor 0 is another one for a while."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> None:
        self._saved = os.dup(0)
        os.dup2(self._descriptor, 0)

    def __exit__(self, *_: object) -> None:
        os.dup2(self._saved, 0)
        os.close(self._saved)
        os.close(self._descriptor)
