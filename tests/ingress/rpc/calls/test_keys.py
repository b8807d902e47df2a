"""API keys over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.clock import now_ms
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def test_a_key_is_shown_once(house: House) -> None:
    issued = await house.ask("CreateKey", pb.CreateKeyRequest(name="shop", scopes=["publish:orders.*"]))
    assert len(issued.key) == 64
    assert (issued.record.name, issued.record.client_id, issued.record.status) == ("shop", "default", "active")
    assert list(issued.record.scopes) == ["publish:orders.*"]
    found = await house.ask("GetKey", pb.GetKeyRequest(id=issued.record.id))
    assert found == issued.record
    assert issued.key not in str(found)


async def test_a_key_is_found_by_itself(house: House) -> None:
    issued = await house.ask("CreateKey", pb.CreateKeyRequest(name="shop"))
    assert (await house.ask("GetKey", pb.GetKeyRequest(id=issued.key))).id == issued.record.id


async def test_revoked_keys_are_listed_on_request(house: House) -> None:
    kept = await house.ask("CreateKey", pb.CreateKeyRequest(name="kept"))
    gone = await house.ask("CreateKey", pb.CreateKeyRequest(name="gone"))
    revoked = await house.ask("RevokeKey", pb.RevokeKeyRequest(id=gone.record.id))
    assert revoked.status == "revoked"
    assert revoked.HasField("revoked_at")
    shown = await house.ask("ListKeys", pb.ListKeysRequest())
    assert [key.id for key in shown.keys] == [kept.record.id]
    shown = await house.ask("ListKeys", pb.ListKeysRequest(include_revoked=True))
    assert {key.id for key in shown.keys} == {kept.record.id, gone.record.id}
    assert not (await house.ask("ListKeys", pb.ListKeysRequest(client_id="other"))).keys


async def test_a_rotation_overlaps(house: House) -> None:
    issued = await house.ask("CreateKey", pb.CreateKeyRequest(name="shop"))
    request = pb.RotateKeyRequest(id=issued.record.id, overlap_seconds=60)
    rotated = await house.ask("RotateKey", request)
    assert rotated.key != issued.key
    left_ms = rotated.record.previous_until.ToMilliseconds() - now_ms()
    assert 50_000 < left_ms <= 60_000
    at_once = await house.ask("RotateKey", pb.RotateKeyRequest(id=issued.record.id, overlap_seconds=0))
    assert not at_once.record.HasField("previous_until")


async def test_an_expiry_is_kept(house: House) -> None:
    request = pb.CreateKeyRequest(name="shop")
    request.expires_at.FromMilliseconds(now_ms() + 60_000)
    issued = await house.ask("CreateKey", request)
    assert issued.record.expires_at == request.expires_at


@pytest.mark.parametrize(
    ("method", "request_", "status", "code"),
    [
        ("GetKey", pb.GetKeyRequest(id="key_none"), "NOT_FOUND", "key_not_found"),
        ("RevokeKey", pb.RevokeKeyRequest(id="key_none"), "NOT_FOUND", "key_not_found"),
        ("CreateKey", pb.CreateKeyRequest(), "INVALID_ARGUMENT", "invalid_name"),
        ("CreateKey", pb.CreateKeyRequest(name="x", client_id="who"), "NOT_FOUND", "client_not_found"),
        ("CreateKey", pb.CreateKeyRequest(name="x", allowed_cidrs=["x"]), "INVALID_ARGUMENT", "invalid_cidr"),
        ("RotateKey", pb.RotateKeyRequest(id="k", overlap_seconds=-1), "INVALID_ARGUMENT", "invalid_request"),
        ("RotateKey", pb.RotateKeyRequest(id="k", overlap_seconds=float("nan")), "INVALID_ARGUMENT", "invalid_request"),
        ("RotateKey", pb.RotateKeyRequest(id="k", overlap_seconds=1e300), "INVALID_ARGUMENT", "invalid_request"),
    ],
)
async def test_refusals(house: House, method: str, request_: pb.GetKeyRequest, status: str, code: str) -> None:
    refusal = await house.refusal(method, request_)
    assert (refusal.status, refusal.code) == (status, code)


async def test_an_expiry_outside_of_time_is_refused(house: House) -> None:
    request = pb.CreateKeyRequest(name="shop")
    request.expires_at.seconds = 2**62
    assert (await house.refusal("CreateKey", request)).message == "expires_at is not a valid instant"


async def test_a_key_gets_other_rights(house: House) -> None:
    issued = await house.ask("CreateKey", pb.CreateKeyRequest(name="shop"))
    request = pb.UpdateKeyRequest(id=issued.record.id, scopes=["users"], allowed_cidrs=["10.0.0.0/8"])
    request.expires_at.FromMilliseconds(now_ms() + 60_000)
    changed = await house.ask("UpdateKey", request)
    assert (list(changed.scopes), list(changed.allowed_cidrs)) == (["users"], ["10.0.0.0/8"])
    assert changed.expires_at == request.expires_at
    everything = await house.ask("UpdateKey", pb.UpdateKeyRequest(id=issued.record.id))
    assert (everything.scopes, everything.HasField("expires_at")) == (issued.record.scopes, False)


async def test_a_key_that_is_not_there_gets_none(house: House) -> None:
    assert (await house.refusal("UpdateKey", pb.UpdateKeyRequest(id="nobody"))).code == "key_not_found"
