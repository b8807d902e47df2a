"""Which devices of a push are dealt with already, so that a retry does not ring them again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from notifyd.policy.pushing.answers import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.device import Device
    from notifyd.model.ids import DeviceId, NotificationId
    from notifyd.policy.pushing.answers import Verdict

#: Beyond it the oldest is forgotten, and its devices may be rung twice.
MAX_REMEMBERED: Final = 10_000


class Progress:
    """How far one push came."""

    __slots__ = ("_verdicts",)

    def __init__(self) -> None:
        self._verdicts: dict[DeviceId, Verdict] = {}

    def left(self, devices: Sequence[Device]) -> list[Device]:
        """Those of *devices* that are to be tried."""
        return [device for device in devices if device.id not in self._verdicts]

    def note(self, devices: Sequence[Device], verdicts: Sequence[Verdict]) -> None:
        """What became of *devices* in one try."""
        for device, verdict in zip(devices, verdicts, strict=True):
            if verdict.action is not Action.RETRY:
                self._verdicts[device.id] = verdict

    @property
    def verdicts(self) -> list[Verdict]:
        """What became of the devices that need no further try."""
        return list(self._verdicts.values())


class ProgressBook:
    """The progress of pushes that are to be tried again; in memory, because at least once is what a crash may cost."""

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._kept: OrderedDict[NotificationId, Progress] = OrderedDict()

    def of(self, push_id: NotificationId) -> Progress:
        """What is known of a push; empty for one that is new."""
        return self._kept.get(push_id) or Progress()

    def keep(self, push_id: NotificationId, progress: Progress) -> None:
        """Remember it until `forget`."""
        if progress.verdicts:
            self._kept[push_id] = progress
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def forget(self, push_id: NotificationId) -> None:
        """It is settled."""
        self._kept.pop(push_id, None)
