from __future__ import annotations

import math

import pytest

from notifyd.errors import Invalid
from notifyd.ingress.rpc.seconds import milliseconds_of
from notifyd.v1 import admin_pb2 as pb


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0, 0), (0.0005, 0), (1.5, 1500), (1e9, 10**12)])
def test_seconds_are_milliseconds(seconds: float, milliseconds: int) -> None:
    assert milliseconds_of(pb.RotateKeyRequest(overlap_seconds=seconds), "overlap_seconds") == milliseconds


def test_what_is_unset_is_none() -> None:
    assert milliseconds_of(pb.RotateKeyRequest(), "overlap_seconds") is None


@pytest.mark.parametrize("seconds", [-0.001, 1.1e9, math.inf, -math.inf, math.nan])
def test_what_is_no_length_of_time_is_refused(seconds: float) -> None:
    with pytest.raises(Invalid, match="overlap_seconds"):
        milliseconds_of(pb.RotateKeyRequest(overlap_seconds=seconds), "overlap_seconds")
