"""JSON pieces for frames that are put together by hand, because they are made once and sent many times."""

from __future__ import annotations

from typing import Final

import msgspec

#: One JSON encoder for everything that is written.
encode: Final = msgspec.json.Encoder().encode


def json_string(text: str) -> bytes:
    """*text* as a JSON string, quotes included. Lone surrogates, which UTF-8 cannot say, become `?`."""
    try:
        return encode(text)
    except UnicodeEncodeError:
        return encode(text.encode("utf-8", "replace").decode())
