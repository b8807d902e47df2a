"""Which version of the keys and of what is in them a Redis holds; all nodes have to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from notifyd.redislink.link import Link

#: Of the keys that `Keys` names and of the form of their values; another form gets another one. A Redis in which none
#: is written was used by nodes that wrote this first one.
VERSION: Final = 1


async def mark_layout(link: Link) -> None:
    """Write down the version where none is.

    Raises:
        StoreUnavailable: Redis is away, or holds what a newer version has written; nothing was changed.
    """
    name = link.keys.layout
    before = await link.line("queue").send("SET", name, VERSION, "NX", "GET").wait()
    if before is None:
        return
    if not bytes(before).isdigit():
        raise StoreUnavailable(
            f"the key {name} in Redis is not of notifyd: use another broker.prefix", code="store_foreign"
        )
    if int(before) > VERSION:
        raise StoreUnavailable(
            f"what Redis holds under {link.keys.prefix} was written by a newer version (layout {int(before)}, "
            f"this one knows {VERSION})",
            code="store_too_new",
        )
