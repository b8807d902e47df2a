"""What a daemon holds now, in the form of declarations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from notifyctl.declared.items import DEFAULT_CLIENT, ONE, Item, Kind, repeated
from notifyctl.declared.tables import items_in_force
from notifyctl.exits import Refusal, Status
from notifyctl.values.moments import iso
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Collection

    from notifyctl.daemons.calling import Daemon


@dataclass(frozen=True)
class Present:
    """What there is of the kinds that were asked for. Clients are always asked for: others name them."""

    items: dict[Kind, list[Item]]
    #: Names of clients by id.
    clients: dict[str, str]
    #: The settings of channels and webhooks, as the daemon told them.
    settings: dict[str, str] = field(default_factory=dict)

    def client_id(self, name: str) -> str | None:
        """The id of the client *name*; None where there is none of that name.

        Raises:
            Refusal: there are several.
        """
        found = [item for item in self.items["clients"] if item.client == name]
        if len(found) > 1:
            raise ambiguous(found)
        return found[0].id if found else None


def ask(daemon: Daemon, kinds: Collection[Kind]) -> Present:
    """What *daemon* holds of *kinds*.

    Raises:
        Refusal: it does not tell.
    """
    clients = [_client(each) for each in daemon.call("ListClients", pb.ListClientsRequest()).clients]
    names = {item.id: item.client for item in clients}
    items: dict[Kind, list[Item]] = {"clients": clients}
    settings: dict[str, str] = {}
    if "keys" in kinds:
        answer = daemon.call("ListKeys", pb.ListKeysRequest())
        items["keys"] = [_key(each, names[each.client_id]) for each in answer.keys if each.client_id in names]
    if "channels" in kinds or "webhooks" in kinds:
        told = daemon.call("GetConfig", pb.GetConfigRequest())
        settings = {each.key: each.value for each in told.values if each.key in ("channels", "webhooks")}
        items["channels"] = items_in_force("channels", settings["channels"])
        items["webhooks"] = [_of_client(each, names) for each in items_in_force("webhooks", settings["webhooks"])]
    return Present(items, names, settings)


def _client(client: Any) -> Item:
    # `default` is always there, whatever it is called
    name = DEFAULT_CLIENT if client.id == DEFAULT_CLIENT else client.name
    fields = {"url": client.url, "description": client.description, "cookie_name": client.cookie_name}
    return Item("clients", (name,), fields, id=client.id)


def _key(key: Any, client: str) -> Item:
    expires_at = iso(key.expires_at.ToDatetime()) if key.HasField("expires_at") else None
    fields = {
        "scopes": sorted(set(key.scopes)),
        "allowed_cidrs": sorted(set(key.allowed_cidrs)),
        "expires_at": expires_at,
    }
    return Item("keys", (client, key.name), fields, id=key.id)


def _of_client(webhook: Item, names: dict[str, str]) -> Item:
    """*webhook* with its client's name in the place of the id that the daemon's configuration holds."""
    client = webhook.fields["client"]
    return replace(webhook, fields={**webhook.fields, "client": names.get(client, client)})


def check_unambiguous(items: Collection[Item]) -> None:
    """Refuse what could not be told apart.

    Raises:
        Refusal: two of *items* have one name.
    """
    for group in repeated(list(items)).values():
        raise ambiguous(group)


def ambiguous(group: list[Item]) -> Refusal:
    """That several are called the same."""
    kind, name = group[0].kind, group[0].name
    ids = ", ".join(item.id for item in group)
    advice = "revoke all but one" if kind == "keys" else "rename all but one"
    return Refusal(
        f"{len(group)} {kind} are called {name} ({ids}), and here a {ONE[kind]} is known by its name alone: {advice}.",
        Status.CONFLICT,
        code="ambiguous_name",
    )
