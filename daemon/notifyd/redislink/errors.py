"""What Redis refuses, in words of ours."""

from __future__ import annotations

from typing import Final

from notifyd.errors import StoreUnavailable

RETRY_AFTER_SECONDS: Final = 1.0

#: Error replies that say: not now, or not here. What was asked for has not been done.
_NOT_NOW: Final = frozenset(
    {
        "LOADING", "BUSY", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "NOREPLICAS", "MISCONF",
        "OOM", "NOAUTH", "WRONGPASS", "NOPERM", "NOSCRIPT", "UNKILLABLE",
    }
)  # fmt: skip

#: After these the connection is of no use: another server has to be found, or this one has to come to.
_ELSEWHERE: Final = frozenset({"LOADING", "MASTERDOWN", "READONLY", "NOAUTH", "WRONGPASS"})


class Refused(Exception):
    """An error reply, mostly one that a script of ours made with `redis.error_reply("CODE text")`.

    Attributes:
        code: its first word.
        text: the rest.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class ErrorReply(Exception):
    """An error reply as it came, among the other answers of a batch."""

    @property
    def code(self) -> str:
        """Its first word."""
        return str(self).partition(" ")[0]

    @property
    def lacks_script(self) -> bool:
        """Whether the server does not know the script that was called."""
        return str(self).startswith("NOSCRIPT")

    @property
    def moves_on(self) -> bool:
        """Whether the connection that it came on should be given up."""
        return self.code in _ELSEWHERE

    def told(self) -> Exception:
        """What to raise for it."""
        code, _, text = str(self).partition(" ")
        if code in _NOT_NOW:
            return unavailable(f"Redis cannot do it now: {self}")
        return Refused(code, text)


def unavailable(text: str) -> StoreUnavailable:
    """The refusal while Redis is away."""
    return StoreUnavailable(text, retry_after_seconds=RETRY_AFTER_SECONDS)
