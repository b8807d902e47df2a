"""Changes as people and programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notifyctl.declared.items import ONE
from notifyctl.exits import Refusal, Status
from notifyctl.showing.output import Column, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.declared.difference import Change
    from notifyctl.declared.doing import Done

_MARKS: Final = {"add": "+", "change": "~", "remove": "-"}
_STYLES: Final = {"add": "bold green", "change": "bold yellow", "remove": "bold red"}
_DONE: Final = {"add": "added", "change": "changed", "remove": "removed"}


def _fields(fields: dict[str, dict[str, Any]]) -> str:
    return "; ".join(f"{name}: {_turned(each['from'], each['to'])}" for name, each in fields.items()) or "-"


def _turned(before: Any, after: Any) -> str:
    if before is None or after is None:
        return _said(before if after is None else after)
    return f"{_said(before)} -> {_said(after)}"


def _said(value: Any) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


COLUMNS: Final = (
    Column("", "action", human=_MARKS.__getitem__, style=_STYLES),
    Column("Kind", "kind"),
    Column("Name", "name", style="cyan"),
    Column("What", "fields", human=_fields),
)
OUTCOMES: Final = (
    *COLUMNS[:3],
    Column("Outcome", "outcome", style={"done": "green", "failed": "bold red", "skipped": "yellow"}),
    Column("Why", "error.message"),
)
SECRETS: Final = (
    Column("Kind", "kind"),
    Column("Name", "name", style="cyan"),
    Column("Secret", "secret", style="bold green"),
)


def record(change: Change) -> Record:
    """A change that is still to be done."""
    fields = {name: {"from": before, "to": after} for name, (before, after) in change.fields.items()}
    return {
        "action": change.action,
        "kind": ONE[change.kind],
        "name": change.item.name,
        "fields": fields,
        "id": change.id or None,
        "outcome": None,
        "error": None,
    }


def done_record(done: Done, *, show_secret: bool) -> Record:
    """A change with what came of it."""
    refusal = done.refusal
    return {
        **record(done.change),
        "id": done.id or None,
        "outcome": done.outcome,
        "error": None if refusal is None else {"code": refusal.code, "message": refusal.message},
        **({"secret": done.secret or None} if show_secret else {}),
    }


def counted(changes: Sequence[Change]) -> str:
    """How many there are of each kind, such as "2 added, 1 removed"."""
    counts = {word: sum(change.action == action for change in changes) for action, word in _DONE.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def failure(done: Sequence[Done]) -> Refusal | None:
    """How a command ends that did not do all of it: PARTLY where something was done, else as the first that failed."""
    left = [each for each in done if each.refusal is not None]
    if not left:
        return None
    first = left[0].refusal
    assert first is not None, "those that are left tell why"
    if len(left) == len(done):
        return Refusal(f"Nothing was done: {first.message}", first.status, code=first.code)
    names = ", ".join(f"{ONE[each.change.kind]} {each.change.item.name}" for each in left)
    return Refusal(
        f"{len(done) - len(left)} of {len(done)} changes were done, not {names}: {first.message}",
        Status.PARTLY,
        code="partly_done",
    )
