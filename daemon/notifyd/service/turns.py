"""Since when things are as they are."""

from __future__ import annotations


class Turns:
    """Remembers when each of some states became another one. Looked at often, it is as exact as that."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, int]] = {}

    def since(self, name: str, state: object, *, now: int) -> int:
        """Since when the *state* of *name* is what it is, in milliseconds; *now* where it was another one before."""
        known = self._known.get(name)
        if known is not None and known[0] == state:
            return known[1]
        self._known[name] = (state, now)
        return now
