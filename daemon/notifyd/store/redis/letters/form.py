"""How a dead letter is kept in Redis: its size for the bounds, a space, and its JSON, which no script looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.wire.stored import decode_letter, encode_letter

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter


def letter_body(letter: DeadLetter) -> bytes:
    """What `LetterKeys.bodies` holds of *letter*, and what a script that keeps it is handed."""
    return b"%d %b" % (letter.size(), encode_letter(letter))


def letter_in(body: bytes) -> DeadLetter:
    """The letter in what `letter_body` made.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return decode_letter(body[body.index(b" ") + 1 :])
