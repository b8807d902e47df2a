"""A daemon that holds clients, keys and tables, as far as the admin service tells and changes them."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.scripted import Admin


class House:
    """What the daemon holds; every call on it is noted in `done`."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        self.clients = [types_pb2.Client(id="default", name="default")]
        self.keys: list[types_pb2.ApiKey] = []
        self.settings = {"channels": "[]", "webhooks": "[]"}
        self.done: list[str] = []
        self.overlay = Path("/etc/o.overlay.toml")
        #: Whether it may not write there.
        self.shut_in = False
        self._ids = itertools.count(1)
        for method in (
            self.ListClients, self.ListKeys, self.GetConfig, self.ChangeConfig, self.RegisterClient, self.UpdateClient,
            self.RemoveClient, self.CreateKey, self.UpdateKey, self.RevokeKey, self.RotateClientSecret,
        ):  # fmt: skip
            admin.does(method.__name__, method)

    def fails(self, method: str, when: Callable[[Any], bool], code: str = "store_unavailable") -> None:
        """*method* is refused for requests that fit *when*."""
        works = getattr(self, method)

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            if when(request):
                context.set_trailing_metadata((("notifyd-code", code),))
                context.abort(grpc.StatusCode.INTERNAL, f"no {method} today")
            return works(request, context)

        self.admin.does(method, answer)

    def ListClients(self, _request: Any, _context: Any) -> Any:
        return pb.ListClientsResponse(clients=self.clients)

    def ListKeys(self, _request: Any, _context: Any) -> Any:
        return pb.ListKeysResponse(keys=self.keys)

    def GetConfig(self, _request: Any, _context: Any) -> Any:
        values = [pb.ConfigValue(key=key, value=value) for key, value in self.settings.items()]
        return pb.GetConfigResponse(values=[*values, pb.ConfigValue(key="log.level", value='"info"')])

    def ChangeConfig(self, request: Any, context: Any) -> Any:
        for change in request.changes:
            tomllib.loads(f"x = {change.value}")
            if change.expected != self.settings[change.key]:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "changed meanwhile")
        if not request.dry_run and not self.shut_in:
            self.settings |= {change.key: change.value for change in request.changes}
            self.done += [f"set {change.key}" for change in request.changes]
        if self.shut_in and not request.dry_run:
            context.set_trailing_metadata((("notifyd-code", "overlay_not_writable"),))
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "read-only file system")
        return pb.ChangeConfigResponse(overlay=str(self.overlay))

    def RegisterClient(self, request: Any, _context: Any) -> Any:
        client = types_pb2.Client(
            id=f"c{next(self._ids)}", name=request.name, url=request.url, description=request.description
        )
        self.clients.append(client)
        self.done.append(f"register {request.name} {request.secret or '(made)'}")
        return pb.RegisteredClient(client=client, secret="" if request.secret else "made-secret")

    def UpdateClient(self, request: Any, _context: Any) -> Any:
        self.done.append(f"update {request.id} {request.url}")
        return next(client for client in self.clients if client.id == request.id)

    def RotateClientSecret(self, request: Any, _context: Any) -> Any:
        self.done.append(f"rotate {request.id} {request.secret}")
        return pb.RegisteredClient()

    def RemoveClient(self, request: Any, _context: Any) -> Any:
        self.done.append(f"remove {request.id}")
        return types_pb2.Client()

    def CreateKey(self, request: Any, _context: Any) -> Any:
        key = types_pb2.ApiKey(
            id=f"k{next(self._ids)}", name=request.name, client_id=request.client_id, scopes=request.scopes
        )
        key.allowed_cidrs.extend(request.allowed_cidrs)
        if request.HasField("expires_at"):
            key.expires_at.CopyFrom(request.expires_at)
        self.keys.append(key)
        self.done.append(f"create {request.client_id} {request.name}")
        return pb.IssuedKey(key=f"the-key-{request.name}", record=key)

    def UpdateKey(self, request: Any, _context: Any) -> Any:
        self.done.append(f"entitle {request.id} {','.join(request.scopes)}")
        return types_pb2.ApiKey()

    def RevokeKey(self, request: Any, _context: Any) -> Any:
        self.done.append(f"revoke {request.id}")
        return types_pb2.ApiKey()


def actions(output: str) -> list[tuple[str, str, str]]:
    """Action, kind and name of every change in *output*, which is JSON."""
    return [(each["action"], each["kind"], each["name"]) for each in json.loads(output)]
