"""Where the key of a command stands: a cluster goes by it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.resp import Word

#: Commands without a key: some node answers for itself. 0 stands for none.
_PLACES: Final[dict[Word, int]] = {
    **dict.fromkeys(
        [
            "PING",
            "ECHO",
            "TIME",
            "INFO",
            "ROLE",
            "CONFIG",
            "CLIENT",
            "SCRIPT",
            "FUNCTION",
            "COMMAND",
            "CLUSTER",
            "SLOWLOG",
        ],
        0,
    ),
    **dict.fromkeys(["SCAN", "KEYS", "DBSIZE", "RANDOMKEY", "WAIT", "WAITAOF", "PUBLISH", "PUBSUB"], 0),
    **dict.fromkeys(["XINFO", "XGROUP", "OBJECT", "MEMORY", "BITOP"], 2),
    **dict.fromkeys(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"], 3),
}

_READS: Final = frozenset({"XREAD", "XREADGROUP"})


def key_of(words: Sequence[Word]) -> str | bytes | None:
    """The first key of a command, whose name is in capitals; None: it has none."""
    place = words.index("STREAMS") + 1 if words[0] in _READS else _PLACES.get(words[0], 1)
    if place == 0 or place >= len(words):
        return None
    key = words[place]
    return key if isinstance(key, (str, bytes)) else str(key)


def never_there(key: str) -> str:
    """A name in the slot of *key*, with its beginning, that nobody gives to a key. Braces in *key* are a tag's."""
    return f"{key}:-" if "{" in key else f"{key}:{{{key}}}"
