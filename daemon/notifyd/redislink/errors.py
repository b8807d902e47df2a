"""What Redis refuses, in words of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.errors import FieldProblem

RETRY_AFTER_SECONDS: Final = 1.0

#: Error replies that say: not now, or not here. What was asked for has not been done.
_NOT_NOW: Final = frozenset(
    {
        "LOADING", "BUSY", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "NOREPLICAS", "MISCONF",
        "OOM", "NOAUTH", "WRONGPASS", "NOPERM", "NOSCRIPT", "UNKILLABLE",
    }
)  # fmt: skip

#: Those among them of a server that answers what is only read.
_NO_WRITES: Final = frozenset({"OOM", "READONLY", "MISCONF", "NOREPLICAS"})

#: Error replies that no script of ours makes: what is asked for does not fit what is there, because somebody else wrote
#: there, or the server does not know it.
_UNFIT: Final = frozenset({"ERR", "WRONGTYPE", "CROSSSLOT", "EXECABORT", "NOPROTO"})

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


class Unfit(Refused, StoreUnavailable):
    """What is there, or the server, is not what we work with: whoever tries again gets the same until that is mended.

    Caught as a `StoreUnavailable` it ends nothing. Where to try again and again would keep others waiting, it is to be
    caught as a `Refused` before that.
    """

    def __init__(
        self,
        message: str,
        *,
        reply: str = "",
        code: str | None = None,
        retry_after_seconds: float | None = RETRY_AFTER_SECONDS,
        details: Sequence[FieldProblem] = (),
    ) -> None:
        """As every error of ours, and the *reply* as it came, which may quote what others sent: it is for the log."""
        word, _, text = (reply or message).partition(" ")
        super().__init__(word, text)
        self.message = message
        self.code = code or StoreUnavailable.code
        self.retry_after_seconds = retry_after_seconds
        self.details = tuple(details)


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

    @property
    def no_writes(self) -> bool:
        """Whether the server is there, and takes no writes for now."""
        return self.code in _NO_WRITES

    @property
    def unfit(self) -> bool:
        """Whether something is there that we cannot work with; see `Unfit`."""
        return self.code in _UNFIT

    def told(self) -> Exception:
        """What to raise for it."""
        code, text = self.code, str(self).partition(" ")[2]
        if code in _NOT_NOW:
            return unavailable(f"Redis cannot do it now: {self}")
        if code in _UNFIT:
            return Unfit(f"Redis refuses it ({code}): the log of the daemon says more", reply=str(self))
        return Refused(code, text)


def unavailable(text: str) -> StoreUnavailable:
    """The refusal while Redis is away."""
    return StoreUnavailable(text, retry_after_seconds=RETRY_AFTER_SECONDS)
