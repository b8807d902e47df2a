"""What is to be imported beside what is kept already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.errors import Conflict
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.wire.record_lines import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notifyd.model.client import Client
    from notifyd.model.device import Device
    from notifyd.model.ids import ClientId, KeyId
    from notifyd.model.key import ApiKey

_NAMED: Final = 10


class Comparison:
    """Which records are new, which are there as they are, and which are there otherwise."""

    def __init__(self) -> None:
        self.clients_to_put: list[Client] = []
        self.keys_to_put: list[ApiKey] = []
        #: Those of them that are revoked here and not in the file: to be forgotten first, for revoked stays revoked.
        self.keys_to_forget: list[KeyId] = []
        #: Those that are there otherwise, as a person is told of them.
        self.differing: list[str] = []
        self._added = {"clients": 0, "keys": 0, "devices": 0}
        self._replaced = dict(self._added)
        self._unchanged = dict(self._added)

    @property
    def added(self) -> Counts:
        """New ones."""
        return Counts(**self._added)

    @property
    def replaced(self) -> Counts:
        """Those that are, or would be, put in the place of others."""
        return Counts(**self._replaced)

    @property
    def unchanged(self) -> Counts:
        """Those that are there as they are."""
        return Counts(**self._unchanged)

    def clients(self, wanted: Iterable[Client], kept: Mapping[ClientId, Client]) -> None:
        """Compare clients."""
        for client in wanted:
            before = kept.get(client.id)
            if self._note("clients", client.id, new=before is None, same=before == client):
                self.clients_to_put.append(client)

    def keys(self, wanted: Iterable[ApiKey], kept: Mapping[KeyId, ApiKey]) -> None:
        """Compare keys. Last uses make no difference; a later one than that which is kept is taken over.

        Raises:
            Conflict: one has the digest of a key that is kept under another id: they are one key.
        """
        ids = {key.digest: key.id for key in kept.values()}
        for key in wanted:
            if ids.get(key.digest, key.id) != key.id:
                raise Conflict(f"key {key.id} is kept already, as {ids[key.digest]}", code="records_differ")
            before = kept.get(key.id)
            same = before is not None and _without_use(before) == _without_use(key)
            put = self._note("keys", key.id, new=before is None, same=same)
            if put or (before is not None and (key.last_used_at or 0) > (before.last_used_at or 0)):
                self.keys_to_put.append(key)
                if before is not None and before.revoked_at is not None and key.revoked_at is None:
                    self.keys_to_forget.append(key.id)

    def devices(self, wanted: Sequence[Device], rivals: Iterable[Device]) -> None:
        """Compare devices with those that have their ids or tokens."""
        by_id, by_token = {}, {}
        for rival in rivals:
            by_id[rival.id] = rival
            by_token[rival.client_id, rival.token] = rival
        for device in wanted:
            kept = by_id.get(device.id), by_token.get((device.client_id, device.token))
            same = kept == (device, device)
            self._note("devices", device.id, new=kept == (None, None), same=same)

    def conflict(self) -> Conflict:
        """The refusal of what differs."""
        count, some = len(self.differing), ", ".join(self.differing[:_NAMED])
        return Conflict(
            f"{count} of the records are here otherwise ({some}{', ...' if count > _NAMED else ''}); nothing was "
            "imported: look at them, or take those of the file with --overwrite",
            code="records_differ",
        )

    def _note(self, kind: str, name: str, *, new: bool, same: bool) -> bool:
        """Count it; answers whether it is to be put."""
        counts = self._added if new else self._unchanged if same else self._replaced
        counts[kind] += 1
        if not (new or same):
            self.differing.append(f"{kind.removesuffix('s')} {name}")
        return not same


def is_untouched(default: Client | None, keys: Iterable[ApiKey], devices: Sequence[Device]) -> bool:
    """Whether *default* is as a first start makes it, and none of *keys* and *devices* is its own."""
    if default is None or default.previous_secret or default.created_at != default.updated_at:
        return False
    owners = {key.client_id for key in keys} | {device.client_id for device in devices}
    return DEFAULT_CLIENT not in owners


def _without_use(key: ApiKey) -> ApiKey:
    return msgspec.structs.replace(key, last_used_at=None)
