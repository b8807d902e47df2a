"""Text from elsewhere, made safe to show: what could move the cursor, recolour or reorder a terminal is spelled out."""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls and DEL; marks that reorder text or are invisible; line and paragraph separators; lone surrogates,
# which no encoding can write.
_DANGEROUS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _spelled(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if code <= 0xFF:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _toml_escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def safe(text: str) -> str:
    """*text* on one line, with every dangerous character spelled out (`\\x1b`)."""
    return _DANGEROUS.sub(_spelled, text)


def toml_safe(line: str) -> str:
    """A line of a TOML document, with dangerous characters as its escapes: it still means the same."""
    return _DANGEROUS.sub(_toml_escaped, line)


def sentence(words: str) -> str:
    """*words* with a capital and a full stop, for what others say without."""
    words = words.strip()
    return words[:1].upper() + words[1:].rstrip(".") + "."


def safe_json(document: str) -> str:
    """A JSON document without line breaks, with dangerous characters as JSON escapes: it still means the same."""
    return _DANGEROUS.sub(_json_escaped, document)
