"""Which rates are worth a row, and in which order they give way. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notifyctl.values.sizes import brief, decimal

if TYPE_CHECKING:
    from notifyctl.screen.looks import Figures, Look

#: Counter, name of its row, whether more of it is bad, whether it is shown where there never was any; and how soon it
#: gives way where there is no room: the highest first.
_ROWS: Final = (
    ("accepted", "accepted", False, True, 0),
    ("dispatched", "dispatched", False, True, 3),
    ("deliveries", "deliveries", False, True, 1),
    ("deliveredBytes", "bytes sent", False, True, 6),
    ("acked", "acks", False, True, 4),
    ("httpRequests", "HTTP requests", False, True, 7),
    ("connectionsOpened", "connects", False, True, 8),
    ("webhooksDelivered", "webhooks", False, False, 9),
    ("pushesAccepted", "pushes", False, False, 9),
    ("errors", "errors", True, True, 2),
    ("rejected", "rejected", True, True, 5),
    ("rateLimited", "rate limited", True, False, 10),
    ("slowConsumers", "slow consumers", True, False, 10),
    ("authenticationFailures", "auth failures", True, False, 10),
    ("expired", "expired", True, False, 10),
    ("redelivered", "redelivered", True, False, 10),
    ("dead", "dead letters", True, False, 10),
    ("deadLettersEvicted", "letters evicted", True, False, 10),
    ("webhooksFailed", "webhooks failed", True, False, 10),
    ("webhooksDropped", "webhooks dropped", True, False, 10),
    ("pushesFailed", "pushes failed", True, False, 10),
    ("inboxEvicted", "inbox evictions", True, False, 10),
)
#: Before what happens anyway comes what goes wrong just now.
_PRESSING: Final = 1.5


@dataclass(frozen=True)
class RateRow:
    """One counter as a rate."""

    label: str
    #: Per second: now, the most that is remembered, and what is; and all since the start.
    now: str
    peak: str
    values: tuple[float, ...]
    total: str
    #: More than nothing of what is bad happened within what is remembered.
    bad: bool


def rate_rows(figures: Figures, look: Look, most: int) -> list[RateRow]:
    """The *most* important rows, in their order."""
    ranked = []
    for place, (name, label, harm, always, rank) in enumerate(_ROWS):
        total = look.stats[name]
        values = tuple(figures.rates.get(name, ()))
        pressing = harm and any(values)
        if always or total:
            ranked.append((_PRESSING if pressing else rank, place, _row(name, label, values, total, bad=pressing)))
    chosen = sorted(ranked, key=lambda each: each[:2])[: max(0, most)]
    return [row for _, _, row in sorted(chosen, key=lambda each: each[1])]


def _row(name: str, label: str, values: tuple[float, ...], total: float, *, bad: bool) -> RateRow:
    in_bytes = name == "deliveredBytes"
    say = brief if in_bytes else said
    return RateRow(
        label=label,
        now=say(values[-1]) if values else "-",
        peak=say(max(values)) if values else "-",
        values=values,
        total=brief(total) if in_bytes else decimal(total),
        bad=bad,
    )


def said(rate: float) -> str:
    """A rate with two places where it is small: `0.3`, `4`, `1.2k`."""
    return f"{rate:.1f}".removesuffix(".0") if rate < 9.95 else decimal(rate)
