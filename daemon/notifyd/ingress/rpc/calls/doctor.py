"""The daemon's health, in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyd.service.doctor import Doctor


class DoctorCalls:
    """What is well, and what is not."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    async def diagnose(self, _request: pb.DiagnoseRequest) -> pb.DiagnoseResponse:
        """Every check, now."""
        return pb.DiagnoseResponse(
            findings=[
                pb.Finding(name=finding.name, verdict=finding.verdict.value, found=finding.found, advice=finding.advice)
                for finding in await self._doctor.diagnose()
            ]
        )
