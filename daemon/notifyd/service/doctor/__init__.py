"""The daemon examines itself: what an operator should know before it hurts."""

from notifyd.service.doctor.doctor import Check, Doctor

__all__ = ["Check", "Doctor"]
