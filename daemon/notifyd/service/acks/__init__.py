"""Acks: who acks is fed from what is kept, as far as it acks, and gets again what it did not."""

from notifyd.service.acks.acks import Acks
from notifyd.service.acks.clock import AckClock
from notifyd.service.acks.values import Acked, AckWish, DurableView, Opened

__all__ = ["AckClock", "AckWish", "Acked", "Acks", "DurableView", "Opened"]
