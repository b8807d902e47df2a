"""Doing changes one by one: what fails is told and does not stop what has nothing to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from notifyctl.declared.difference import Change, Difference, with_ids
from notifyctl.declared.overlay import change_here
from notifyctl.declared.secrets import declared_secret
from notifyctl.declared.tables import as_toml
from notifyctl.exits import Refusal, Status
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyctl.daemons.calling import Daemon
    from notifyctl.declared.items import Item, Kind
    from notifyctl.declared.present import Present

Outcome = Literal["done", "failed", "skipped"]
#: Whatever comes next would fail in the same way.
_FINAL: Final = (Status.UNREACHABLE, Status.TIMED_OUT)
#: The daemon's word where it may not write beside its configuration file.
NOT_WRITABLE: Final = "overlay_not_writable"
_TABLES: Final[tuple[Kind, ...]] = ("channels", "webhooks")


@dataclass(frozen=True)
class Done:
    """What came of a change."""

    change: Change
    outcome: Outcome
    #: Why it was not done.
    refusal: Refusal | None = None
    #: The id of what is there now, or was.
    id: str = ""
    #: What the daemon made and shows this one time.
    secret: str = ""


class Doer:
    """Does the changes of one difference."""

    def __init__(self, daemon: Daemon, present: Present) -> None:
        self._daemon = daemon
        self._expected = present.settings
        self._client_ids = {name: identifier for identifier, name in present.clients.items()}
        self._failed_clients: set[str] = set()
        #: Where the daemon keeps its overlay, by its own word.
        self._overlay = Path()
        self._away: Refusal | None = None

    def try_tables(self, difference: Difference) -> None:
        """Ask whether the daemon would take the lists of tables; nothing is changed.

        Raises:
            Refusal: it would not.
        """
        if difference.tables:
            answer = self._daemon.call("ChangeConfig", self._request(difference, dry_run=True))
            self._overlay = Path(answer.overlay)

    def run(self, difference: Difference) -> Iterator[Done]:
        """Do all of it; what came of each change, in order, as it is done. Tables are changed together."""
        asked = False
        refused: Refusal | None = None
        for change in difference.changes:
            if change.kind in _TABLES:
                if not asked:
                    asked, refused = True, self._change_tables(difference)
                yield Done(change, "failed" if refused else "done", refused)
            else:
                yield self._one(change)

    def _one(self, change: Change) -> Done:
        if self._away is not None:
            return Done(change, "skipped", self._away, change.id)
        if change.kind == "keys" and change.item.client in self._failed_clients:
            problem = Refusal(f"The client {change.item.client} could not be made.", Status.FAILED, code="no_client")
            return Done(change, "skipped", problem, change.id)
        try:
            identifier, secret = _DEEDS[change.kind, change.action](self, change)
        except Refusal as refusal:
            self._note(refusal)
            if change.kind == "clients" and change.action == "add":
                self._failed_clients.add(change.item.client)
            return Done(change, "failed", refusal, change.id)
        return Done(change, "done", None, identifier, secret)

    def _note(self, refusal: Refusal) -> None:
        if refusal.status in _FINAL:
            self._away = refusal

    def _change_tables(self, difference: Difference) -> Refusal | None:
        if self._away is not None:
            return self._away
        try:
            self._put(difference)
        except Refusal as refusal:
            self._note(refusal)
            return refusal
        return None

    def _put(self, difference: Difference) -> None:
        try:
            self._daemon.call("ChangeConfig", self._request(difference, dry_run=False))
        except Refusal as refusal:
            if refusal.code != NOT_WRITABLE or self._daemon.remote is not None or not self._overlay.is_absolute():
                raise
            change_here(self._daemon, self._overlay, self._values(difference))

    def _request(self, difference: Difference, *, dry_run: bool) -> pb.ChangeConfigRequest:
        changes = [
            pb.ConfigChange(key=key, value=value, expected=self._expected[key])
            for key, value in self._values(difference).items()
        ]
        return pb.ChangeConfigRequest(changes=changes, dry_run=dry_run)

    def _values(self, difference: Difference) -> dict[str, str]:
        return {kind: as_toml(self._written(kind, items)) for kind, items in difference.tables.items()}

    def _written(self, kind: Kind, items: list[Item]) -> list[Item]:
        return with_ids(items, self._client_ids) if kind == "webhooks" else items

    def register(self, change: Change) -> tuple[str, str]:
        """Make a client."""
        item = change.item
        request = pb.RegisterClientCommand(name=item.client, secret=declared_secret(item), **item.fields)
        answer = self._daemon.call("RegisterClient", request)
        self._client_ids[item.client] = answer.client.id
        return answer.client.id, answer.secret

    def describe(self, change: Change) -> tuple[str, str]:
        """Change what a client says of itself, and its secret."""
        described = {name: value for name, (_, value) in change.fields.items() if name != "secret"}
        if described:
            self._daemon.call("UpdateClient", pb.UpdateClientRequest(id=change.id, **described))
        if "secret" in change.fields:
            secret = declared_secret(change.item)
            self._daemon.call("RotateClientSecret", pb.RotateClientSecretRequest(id=change.id, secret=secret))
        return change.id, ""

    def forget(self, change: Change) -> tuple[str, str]:
        """Remove a client."""
        self._daemon.call("RemoveClient", pb.RemoveClientRequest(id=change.id))
        return change.id, ""

    def create(self, change: Change) -> tuple[str, str]:
        """Make an API key."""
        client, name = change.item.identity
        request = pb.CreateKeyRequest(name=name, client_id=self._client_ids[client], **_rights(change.item))
        answer = self._daemon.call("CreateKey", request)
        return answer.record.id, answer.key

    def entitle(self, change: Change) -> tuple[str, str]:
        """Give an API key other rights."""
        self._daemon.call("UpdateKey", pb.UpdateKeyRequest(id=change.id, **_rights(change.item)))
        return change.id, ""

    def revoke(self, change: Change) -> tuple[str, str]:
        """Take an API key back."""
        self._daemon.call("RevokeKey", pb.RevokeKeyRequest(id=change.id))
        return change.id, ""


_DEEDS: Final[dict[tuple[str, str], Callable[[Doer, Change], tuple[str, str]]]] = {
    ("clients", "add"): Doer.register,
    ("clients", "change"): Doer.describe,
    ("clients", "remove"): Doer.forget,
    ("keys", "add"): Doer.create,
    ("keys", "change"): Doer.entitle,
    ("keys", "remove"): Doer.revoke,
}


def _rights(item: Item) -> dict[str, Any]:
    rights = {"scopes": item.fields["scopes"], "allowed_cidrs": item.fields["allowed_cidrs"]}
    if item.fields["expires_at"] is not None:
        rights["expires_at"] = datetime.fromisoformat(item.fields["expires_at"])
    return rights
