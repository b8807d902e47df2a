"""Values that fit each key, for the property tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from notifyd.config.catalogue import catalogue

if TYPE_CHECKING:
    from notifyd.config.catalogue import Entry, Value

_TEXTS: dict[str, list[str]] = {
    "host": ["localhost", "::1", "0.0.0.0", "notify.example.com", "192.0.2.7"],
    "network": ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"],
    "origin": ["*", "https://app.example.com", "http://[::1]:8080"],
    "broker": ["local", "redis://:p%40ss@h:6380/1", "rediss+sentinel://h,[::1]:26379/main"],
    "records": ["sqlite:", "mongodb+srv://u:p@h.example.com/db?w=1"],
    "bullmq": ["redis://h", "redis+cluster://h1,h2"],
    "tag": ["bull", "{bull}"],
    "path": ["/socket.io", "/live/v1"],
    "package": ["skybell", "skybell.v1"],
}


def fitting(entry: Entry) -> st.SearchStrategy[Value]:
    """Values that *entry* accepts."""
    setting = entry.setting
    words = st.sampled_from(setting.choices or _TEXTS.get(setting.form, ["word"]))
    match entry.kind:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(int(setting.low), int(entry.high))
        case "float":
            return st.floats(setting.low, entry.high)
        case "list":
            return st.lists(words, max_size=4).map(tuple)
        case "str":
            return words
        case "path":
            return st.sampled_from([Path("/a/b c"), Path('quo"ted'), Path("tab\there"), Path("ö/\u007f")])


def pairs() -> st.SearchStrategy[tuple[Entry, Value]]:
    """A key with a value that fits it."""
    return st.sampled_from(list(catalogue().values())).flatmap(lambda e: st.tuples(st.just(e), fitting(e)))
