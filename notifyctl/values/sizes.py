"""Numbers for people."""

from __future__ import annotations


def binary(count_bytes: float) -> str:
    """*count_bytes* in the unit that fits, such as `8.9 KiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count_bytes < 1024 or unit == "GiB":
            return f"{count_bytes:.0f} B" if unit == "B" else f"{count_bytes:.1f} {unit}"
        count_bytes /= 1024
    raise AssertionError("the last unit takes every size")


def brief(count_bytes: float) -> str:
    """As `binary`, in seven characters at most: `945 KiB`, `1.1 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count_bytes < 999.5 or unit == "GiB":
            return f"{count_bytes:.0f} {unit}" if unit == "B" or count_bytes >= 9.95 else f"{count_bytes:.1f} {unit}"
        count_bytes /= 1024
    raise AssertionError("the last unit takes every size")


def decimal(count: float) -> str:
    """*count* with three places at most: `17`, `1.4k`, `140k`, `2.1M`."""
    for unit in ("", "k", "M"):
        if count < 999.5:
            return f"{count:.0f}{unit}" if not unit or count >= 100 else f"{count:.1f}{unit}"
        count /= 1000
    return f"{count:.1f}G"
