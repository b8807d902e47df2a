"""@grpc/grpc-js: the documented calls under every name, publishing, subscribing, health, reflection, and errors."""

from __future__ import annotations

import itertools
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.interop.applications import SECRET, Application, node_script, register
from tests.interop.programs import DOCUMENTED, HERE, npm_package

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.interop.applications import Remote, Told

pytestmark = pytest.mark.slow

PACKAGES = ("notifyd.v1", "", "skybell", "acme.push.v2")
SETTINGS = ("grpc.aliases=skybell,acme.push.v2",)

PROTOS = HERE.parents[1] / "protos"
CLIENT_PROTO = PROTOS / "notifyd" / "v1" / "client.proto"
TEMPLATE = DOCUMENTED / "client_service.proto"
CLIENT = {
    "appName": "Your App Name",
    "clientSecret": "your-secret-key-at-least-8-chars",
    "clientUrl": "https://your-app-domain.com",
    "description": "Description of your application",
    "cookieName": "your_auth_cookie_name",
}


@asynccontextmanager
async def _grpc(folder: Path) -> AsyncIterator[Remote]:
    npm_package("@grpc/grpc-js")
    npm_package("@grpc/proto-loader")
    async with node_script("grpc.js", folder) as remote:
        yield remote


async def _stub(remote: Remote, service: Daemon, name: str, proto: Path, full_name: str, **options: object) -> None:
    given = {"keepCase": False, "includeDirs": [str(PROTOS)], **options}
    await remote.do("stub", name, proto=str(proto), options=given, service=full_name, address=service.grpc)


async def _call(remote: Remote, name: str, method: str, request: object, **metadata: str) -> Any:
    await remote.do("call", name, method=method, request=request, metadata=metadata)
    return (await remote.hear("answer", name))["response"]


async def _failing(remote: Remote, name: str, method: str, request: object, **metadata: str) -> Told:
    await remote.do("call", name, method=method, request=request, metadata=metadata)
    return await remote.hear("failed", name)


async def _notifications(remote: Remote, service: Daemon) -> None:
    await _stub(remote, service, "n", CLIENT_PROTO, "notifyd.v1.NotificationService")


@within(30)
async def test_documented_calls_under_every_name(service: Daemon, tmp_path: Path) -> None:
    async with _grpc(tmp_path) as remote:
        for package, keep_case in itertools.product(PACKAGES, (True, False)):
            name = f"{package} {keep_case}"
            proto = tmp_path / f"{name}.proto"
            proto.write_text(TEMPLATE.read_text().replace("package skybell;", f"package {package};" if package else ""))
            registered = await _documented_calls(remote, service, proto, package, keep_case=keep_case)
    shown = (await service.ctl("clients", "show", registered, "-o", "json")).json
    assert (shown["name"], shown["url"], shown["cookieName"]) == (
        CLIENT["appName"],
        CLIENT["clientUrl"],
        CLIENT["cookieName"],
    )
    devices = (await service.ctl("devices", "list", "--client", registered, "-o", "json")).json
    assert [device["userId"] for device in devices] == ["user-id"]


async def _documented_calls(remote: Remote, service: Daemon, proto: Path, package: str, *, keep_case: bool) -> str:
    prefix = f"{package}." if package else ""
    for name, full in (("c", "ClientRegistrationService"), ("n", "NotificationService")):
        await _stub(remote, service, name, proto, prefix + full, keepCase=keep_case)
    registered = str((await _call(remote, "c", "RegisterClient", CLIENT))["id"])
    request = {"userId": "user-id", "clientId": registered, "fcmToken": "fcm-token-from-firebase"}
    for method in ("RegisterFCMToken", "registerFcmToken"):
        assert (await _call(remote, "n", method, request))["success"] is True
    return registered


@within(30)
async def test_own_contract_with_proto_loader(service: Daemon, tmp_path: Path) -> None:
    async with _grpc(tmp_path) as remote:
        for keep_case in (True, False):
            name = "ClientRegistrationService"
            await _stub(remote, service, "c", CLIENT_PROTO, f"notifyd.v1.{name}", keepCase=keep_case)
            registered = await _call(remote, "c", "RegisterClient", {"appName": "Shop"})
            assert registered["appName"] == "Shop"
            assert len(registered["clientSecret"]) >= 32


@within(30)
async def test_publish_subscribe_ack_and_receipt(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    user = {"authorization": f"Bearer {application.token()}"}
    async with _grpc(tmp_path) as remote:
        await _notifications(remote, service)
        sent = []
        for n in range(2):
            request = _to_alice(application, {"n": n})
            sent.append((await _call(remote, "n", "Publish", request))["notificationId"])
        await remote.do("open", "n", method="Subscribe", request={}, metadata=user)
        assert (await remote.hear("data", "n"))["response"]["event"] == "started"
        replayed = [(await remote.hear("data", "n"))["response"]["publication"] for _ in sent]
        assert [publication["id"] for publication in replayed] == sent
        assert [json.loads(publication["dataJson"]) for publication in replayed] == [{"n": 0}, {"n": 1}]
        sent.append(await application.send("alice", n=2))
        live = (await remote.hear("data", "n"))["response"]["publication"]
        assert (live["id"], live["userId"]) == (sent[2], "alice")
        acked = await _call(remote, "n", "AckInbox", {"position": live["position"]}, **user)
        assert int(acked["acked"]) == 3
        receipt = await _call(remote, "n", "GetReceipt", {"id": sent[0]})
        assert (receipt["state"], [row["state"] for row in receipt["users"]]) == ("dispatched", ["delivered"])
        await remote.do("cancel", "n")
        assert (await remote.hear("failed", "n"))["status"] == "CANCELLED"


def _to_alice(application: Application, data: object) -> dict[str, object]:
    target = {"users": {"userIds": ["alice"]}}
    return {"clientId": application.id, "target": target, "dataJson": json.dumps(data)}


@within(30)
async def test_publish_stream(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _grpc(tmp_path) as remote:
        await _notifications(remote, service)
        await remote.do("open", "n", method="PublishStream", metadata={})
        for data in ("1", "not JSON", "3"):
            await remote.do("write", "n", request=_to_alice(application, 0) | {"dataJson": data})
        await remote.do("end", "n")
        results = [(await remote.hear("data", "n"))["response"] for _ in range(3)]
        await remote.hear("end", "n")
    assert [result["outcome"] for result in results] == ["accepted", "refused", "accepted"]
    assert [int(result["index"]) for result in results] == [0, 1, 2]
    assert results[1]["refused"]["code"] == "invalid_json"


@within(30)
async def test_errors_have_the_status_of_their_kind(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    device = {"userId": "alice", "clientId": application.id, "fcmToken": "a-token"}
    bob = {"authorization": f"Bearer {application.token('bob')}"}
    expired = {"authorization": f"Bearer {application.token(seconds=-60)}"}
    nowhere = {"target": {"channel": "c"}, "dataJson": "1", "clientId": "no-such-client"}
    refusals: list[tuple[str, object, dict[str, str], str, str]] = [
        ("RegisterFCMToken", device, expired, "UNAUTHENTICATED", "token_expired"),
        ("RegisterFCMToken", device, {"x-client-secret": "wrong"}, "UNAUTHENTICATED", "invalid_client_secret"),
        ("RegisterFCMToken", device | {"fcmToken": ""}, {}, "INVALID_ARGUMENT", ""),
        ("RegisterFCMToken", device, bob, "PERMISSION_DENIED", ""),
        ("Publish", nowhere, {}, "NOT_FOUND", "client_not_found"),
        ("Publish", {}, {}, "INVALID_ARGUMENT", ""),
        ("Publish", {}, {"x-api-key": "nk_wrong"}, "UNAUTHENTICATED", "invalid_api_key"),
        ("GetReceipt", {"id": "no-such-notification"}, {}, "NOT_FOUND", ""),
        ("AckInbox", {}, {}, "PERMISSION_DENIED", ""),
    ]
    async with _grpc(tmp_path) as remote:
        await _notifications(remote, service)
        for method, request, metadata, status, code in refusals:
            failed = await _failing(remote, "n", method, request, **metadata)
            assert (method, failed["status"]) == (method, status), failed
            assert code in ("", failed["code"])
            assert SECRET not in failed["details"]
        await _stub(remote, service, "c", CLIENT_PROTO, "notifyd.v1.ClientRegistrationService")
        failed = await _failing(remote, "c", "RegisterClient", {"clientSecret": "short"})
        assert failed["status"] == "INVALID_ARGUMENT"
        assert "appName" in failed["details"]
        assert "clientSecret" in failed["details"]


@within(30)
async def test_health_and_reflection(service: Daemon, tmp_path: Path) -> None:
    names = ("ClientRegistrationService", "NotificationService")
    served = {f"{package}.{name}".lstrip(".") for package in PACKAGES for name in names}
    async with _grpc(tmp_path) as remote:
        await _stub(remote, service, "h", HERE / "scripts" / "health.proto", "grpc.health.v1.Health")
        for name in ("", *served):
            answer = await _call(remote, "h", "Check", {"service": name})
            assert answer["status"] == "SERVING", name
        assert (await _failing(remote, "h", "Check", {"service": "nobody"}))["status"] == "NOT_FOUND"
        proto, reflection = HERE / "scripts" / "reflection.proto", "grpc.reflection.v1.ServerReflection"
        await _stub(remote, service, "r", proto, reflection)
        await remote.do("open", "r", method="ServerReflectionInfo", metadata={})
        await remote.do("write", "r", request={"listServices": ""})
        listed = (await remote.hear("data", "r"))["response"]["listServicesResponse"]["service"]
        assert {each["name"] for each in listed} >= served
        for name in sorted(served):
            await remote.do("write", "r", request={"fileContainingSymbol": name})
            assert (await remote.hear("data", "r"))["response"]["messageResponse"] == "fileDescriptorResponse"
