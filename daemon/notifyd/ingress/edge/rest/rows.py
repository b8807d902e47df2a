"""As many publications as one answer holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.wire.publication import publication_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.model.publication import Publication

#: Publications of more bytes than this are left for the next request.
MAX_ANSWER_BYTES: Final = 4_194_304


def first_rows(publications: Iterable[Publication]) -> list[bytes]:
    """The first of *publications* as JSON: all that fit, one at least."""
    rows: list[bytes] = []
    size = 0
    for publication in publications:
        row = publication_json(publication)
        size += len(row)
        if rows and size > MAX_ANSWER_BYTES:
            break
        rows.append(row)
    return rows


def newest_rows(publications: Sequence[Publication], limit: int) -> list[bytes]:
    """The last *limit* of *publications* as JSON, in their order: the newest that fit, one at least."""
    return first_rows(reversed(publications[-limit:]))[::-1]
