"""One log record, as kept in memory and as written out."""

from __future__ import annotations

from typing import Any, Final

import msgspec

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
ERROR: Final = LEVELS["error"]

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Record(msgspec.Struct, frozen=True, gc=False):
    """A rendered record. Kept as its JSON line, because ten thousand dictionaries would cost ten times the memory."""

    #: Rises by one from record to record, from 1.
    sequence: int
    level: int
    #: One JSON object without a line break: timestamp, level, event, logger, then the fields.
    line: bytes

    def fields(self) -> dict[str, Any]:
        """The record as a dictionary, keys in the order of the line."""
        return _decode(self.line)


def level_number(name: str) -> int:
    """The number of a level's *name*; 0, below them all, for the empty name.

    Raises:
        ValueError: there is no such level.
    """
    if not name:
        return 0
    try:
        return LEVELS[name.lower()]
    except KeyError:
        raise ValueError(f"no log level {name!r}; there are {', '.join(LEVELS)}") from None
