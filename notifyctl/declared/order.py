"""The order of tables: of channel rules the first that fits counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyctl.declared.items import Item


def merged(wanted: Sequence[Item], there: Sequence[Item], *, keep: bool) -> list[Item]:
    """What is *wanted*, in its order, among what is *there* already and, with *keep*, stays.

    What is not declared keeps its place. Declared ones that are there share the places that they have; a new one goes
    behind the one that is declared before it, or else before the one declared next, or to the end.
    """
    if not keep:
        return list(wanted)
    names = {item.identity for item in there}
    known = iter([item for item in wanted if item.identity in names])
    declared = {item.identity for item in wanted}
    final = [next(known) if item.identity in declared else item for item in there]
    for index, item in enumerate(wanted):
        if item.identity not in names:
            final.insert(_place(index, wanted, [each.identity for each in final]), item)
    return final


def _place(index: int, wanted: Sequence[Item], final: list[tuple[str, ...]]) -> int:
    if index:
        return final.index(wanted[index - 1].identity) + 1
    following = (item.identity for item in wanted[1:])
    return next((final.index(identity) for identity in following if identity in final), len(final))


def moves(before: Sequence[Item], after: Sequence[Item]) -> Iterator[tuple[Item, dict[str, tuple[Any, Any]]]]:
    """Those of *after* that have another place among those that are in both, with the places, counted from 1."""
    common = {item.identity for item in before} & {item.identity for item in after}
    old = [item.identity for item in before if item.identity in common]
    new = [item for item in after if item.identity in common]
    for place, item in enumerate(new, 1):
        if old[place - 1] != item.identity:
            yield item, {"position": (old.index(item.identity) + 1, place)}
