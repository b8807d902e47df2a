"""From the files of a command line to what differs in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notifyctl.configuring.configured import problems_said
from notifyctl.declared import present as presence
from notifyctl.declared.difference import Difference, compare
from notifyctl.declared.doing import Doer
from notifyctl.declared.reading import read
from notifyctl.declared.secrets import declared_secret, has_secret
from notifyctl.exits import Refusal
from notifyctl.values import moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.command import Invocation
    from notifyctl.declared.items import Item, Kind


@dataclass(frozen=True)
class Plan:
    """What differs, and who does it."""

    difference: Difference
    doer: Doer


def plan(run: Invocation, files: Sequence[str], *, prune: bool, plain_secrets: bool) -> Plan:
    """Read *files*, ask the daemon, and compare; nothing is changed.

    Raises:
        Refusal: the files are wrong (every problem has been said), or the daemon does not tell, or would not take it.
    """
    with problems_said(run.output):
        declared = read(files, plain_secrets=plain_secrets)
        # asked of the daemon only once they are known to be good
        for item in declared.items["clients"]:
            declared_secret(item)
        # the keys of a client that goes are told, as they go with it
        leaving: set[Kind] = {"keys"} if prune and "clients" in declared.governed else set()
        found = presence.ask(run.daemon, declared.governed | leaving)

        def same(item: Item, client_id: str) -> bool:
            return has_secret(run.daemon, client_id, declared_secret(item))

        difference = compare(declared, found, prune=prune, same_secret=same, now=moments.iso(moments.after(0)))
    doer = Doer(run.daemon, found)
    try:
        doer.try_tables(difference)
    except Refusal as refusal:
        message = f"The daemon does not take these channels and webhooks: {refusal.message}"
        raise Refusal(message, refusal.status, code=refusal.code) from refusal
    return Plan(difference, doer)
