"""What is to be done so that a daemon holds what is declared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from notifyctl.declared.items import DEFAULT_CLIENT, KINDS, ONE, Item, Kind
from notifyctl.declared.order import merged, moves
from notifyctl.declared.present import check_unambiguous
from notifyd.config.problems import ConfigInvalid, ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyctl.declared.present import Present
    from notifyctl.declared.reading import Declared

Action = Literal["add", "change", "remove"]
HIDDEN: Final = "***"


@dataclass(frozen=True)
class Change:
    """One thing that is to be added, to be another, or to go."""

    action: Action
    #: What is wanted, or for what is to go, what is there.
    item: Item
    #: By field, what is and what is to be; None where there is nothing.
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    #: The id of what is there.
    id: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of it."""
        return self.item.kind

    @property
    def makes_secret(self) -> bool:
        """Whether the daemon makes a secret for it, which it shows once."""
        if self.action != "add":
            return False
        return self.kind == "keys" or (self.kind == "clients" and self.item.secret is None)


@dataclass(frozen=True)
class Difference:
    """Every change, in the order in which they are done, and what the lists of tables are to be."""

    changes: list[Change]
    #: The whole of channels and of webhooks as they are to be, where that is not what they are.
    tables: dict[Kind, list[Item]]
    #: Sentences for the operator.
    notes: list[str]


def compare(
    declared: Declared, present: Present, *, prune: bool, same_secret: Callable[[Item, str], bool], now: str
) -> Difference:
    """What differs in *declared*; with *prune* what is there and not declared is to go, of the kinds it speaks of.

    *same_secret* tells whether the client of an id has the secret that is declared for it. *now* is the instant as
    declarations have it.

    Raises:
        ConfigInvalid: a client is named that is neither declared nor there.
        Refusal: names that matter are ambiguous.
    """
    _check_clients(declared, present)
    changes: list[Change] = []
    for kind in ("clients", "keys"):
        changes += _records(declared.items[kind], present.items.get(kind, []), same_secret)
    tables: dict[Kind, list[Item]] = {}
    for kind in ("channels", "webhooks"):
        if kind in declared.governed:
            changes += _tables(kind, declared, present, tables, prune=prune)
    if prune:
        changes += _superfluous(declared, present)
    late = [change for change in changes if change.action == "add" and _over(change.item, now)]
    changes = [change for change in changes if change not in late]
    notes = [f"The key {change.item.name} has expired by its declaration, and is not made." for change in late]
    gone = [change.item.name for change in changes if change.kind == "clients" and change.action == "remove"]
    notes += [f"With the client {name} go its keys, its devices and the inboxes of its users." for name in gone]
    notes += _shadowed(tables.get("channels", []), [change for change in changes if change.kind == "channels"])
    return Difference(sorted(changes, key=_turn), tables, notes)


def _over(item: Item, now: str) -> bool:
    """Whether it is a key that nobody could use."""
    return item.kind == "keys" and item.fields["expires_at"] is not None and item.fields["expires_at"] <= now


def _turn(change: Change) -> tuple[bool, int]:
    """What is there goes last, the keys of a client before it."""
    gone = change.action == "remove" and change.kind in ("clients", "keys")
    place = KINDS.index(change.kind)
    return gone, -place if gone else place


def _check_clients(declared: Declared, present: Present) -> None:
    known = {item.client for item in declared.items["clients"]}
    # what a webhook has already it may keep, though nobody be left of that name
    known |= {item.fields["client"] for item in present.items.get("webhooks", [])}
    named = [(item, item.client) for item in declared.items["keys"]]
    named += [(item, item.fields["client"]) for item in declared.items["webhooks"] if item.fields["client"]]
    problems = [
        ConfigProblem("is neither declared nor there", f"client of the {ONE[item.kind]} {item.name}", name, item.place)
        for item, name in named
        if name not in known and present.client_id(name) is None
    ]
    if problems:
        raise ConfigInvalid(problems)


def _records(wanted: list[Item], there: list[Item], same_secret: Callable[[Item, str], bool]) -> Iterator[Change]:
    names = {item.identity for item in wanted}
    check_unambiguous([item for item in there if item.identity in names])
    by_name = {item.identity: item for item in there}
    for item in wanted:
        before = by_name.get(item.identity)
        if before is None:
            yield _added(item)
            continue
        fields = _differing(before, item)
        if item.secret is not None and not same_secret(item, before.id):
            fields["secret"] = (HIDDEN, HIDDEN)
        if fields:
            yield Change("change", item, fields, before.id)


def _added(item: Item) -> Change:
    fields = {name: (None, value) for name, value in item.said().items() if name in item.fields}
    if item.secret is not None:
        fields["secret"] = (None, HIDDEN)
    return Change("add", item, fields)


def _removed(item: Item) -> Change:
    fields = {name: (value, None) for name, value in item.said().items() if name in item.fields}
    return Change("remove", item, fields, item.id)


def _differing(before: Item, after: Item) -> dict[str, tuple[Any, Any]]:
    return {name: (before.fields[name], value) for name, value in after.fields.items() if before.fields[name] != value}


def _tables(
    kind: Kind, declared: Declared, present: Present, tables: dict[Kind, list[Item]], *, prune: bool
) -> list[Change]:
    wanted, there = declared.items[kind], present.items[kind]
    final = merged(wanted, there, keep=not prune)
    found = {change.item.identity: change for change in _records(wanted, there, lambda item, identifier: True)}
    if kind == "channels":  # the first rule that fits counts
        for item, places in moves(there, final):
            known = found.get(item.identity, Change("change", item))
            found[item.identity] = replace(known, fields={**known.fields, **places})
    changes = list(found.values())
    if prune:
        kept = {item.identity for item in final}
        changes += [_removed(item) for item in there if item.identity not in kept]
    if changes:
        tables[kind] = final
    return changes


def _superfluous(declared: Declared, present: Present) -> Iterator[Change]:
    """Clients and keys that are there and not declared, where the files speak of them."""
    named = {item.client for item in (*declared.items["clients"], *declared.items["keys"])}
    named |= {item.fields["client"] for item in declared.items["webhooks"]}
    leaving: set[str] = set()
    if "clients" in declared.governed:
        gone = [item for item in present.items["clients"] if item.client not in {*named, DEFAULT_CLIENT}]
        leaving = {item.client for item in gone}
        yield from (_with_keys(_removed(item), present.items["keys"]) for item in gone)
    if "keys" in declared.governed:
        wanted = {item.identity for item in declared.items["keys"]}
        # the keys of a client that goes go with it
        there = [item for item in present.items["keys"] if item.client in named - leaving]
        yield from (_removed(item) for item in there if item.identity not in wanted)


def _with_keys(change: Change, keys: list[Item]) -> Change:
    """The removal of a client, with the keys that go with it."""
    names = [item.identity[1] for item in keys if item.client == change.item.client]
    return replace(change, fields={**change.fields, **({"keys": (names, None)} if names else {})})


def _shadowed(final: list[Item], changes: list[Change]) -> list[str]:
    """Rules that never count, because one before them fits whatever they fit."""
    touched = {change.item.identity for change in changes if change.action != "remove"}
    notes = []
    for index, item in enumerate(final):
        over = next((earlier for earlier in final[:index] if _covers(earlier.name, item.name)), None)
        if over is not None and item.identity in touched:
            notes.append(f"The channel rule {item.name} never counts: {over.name} comes before it and fits the same.")
    return notes


def _covers(earlier: str, later: str) -> bool:
    pattern = ".*".join(map(re.escape, earlier.split("*")))
    # a star of the later one is a character that only a star fits
    return re.fullmatch(pattern, later, re.DOTALL) is not None


def with_ids(items: list[Item], ids: dict[str, str]) -> list[Item]:
    """Webhooks with the id of their client in the place of its name, as the daemon's configuration has it."""
    return [
        replace(item, fields={**item.fields, "client": ids.get(item.fields["client"], item.fields["client"])})
        for item in items
    ]
