"""Expositions of several processes as one: each sample with a label that says whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_UP: Final = "notifyd_worker_up"
#: The last line in OpenMetrics.
_END: Final = b"# EOF"


def merged(texts: Mapping[int, bytes | None]) -> bytes:
    """What workers say, by their number, in one of Prometheus's formats; None says nothing, and is told as down.

    Nothing is summed here: to a reader a sum would fall whenever one worker starts anew, where `rate` knows what to do
    with the series of that one.
    """
    families: dict[bytes, tuple[list[bytes], list[bytes]]] = {}
    for worker, text in texts.items():
        if text is not None:
            _sort_in(families, text, b'worker="%d"' % worker)
    lines = [line for said, samples in families.values() for line in (*said, *samples)]
    lines += [
        f"# HELP {_UP} 1 where the worker has answered.".encode(),
        f"# TYPE {_UP} gauge".encode(),
        *[f'{_UP}{{worker="{worker}"}} {0 if text is None else 1}'.encode() for worker, text in texts.items()],
    ]
    if any(text is not None and text.endswith(_END + b"\n") for text in texts.values()):
        lines.append(_END)
    return b"\n".join(lines) + b"\n"


def _sort_in(families: dict[bytes, tuple[list[bytes], list[bytes]]], text: bytes, label: bytes) -> None:
    """Put the samples of *text* to those of the same family: the format wants them together."""
    said: list[bytes] = []
    samples: list[bytes] = []
    fresh = False
    for line in text.splitlines():
        if line == _END:
            break
        if line.startswith(b"# HELP "):
            name = line.split(b" ", 3)[2]
            said, samples = families.setdefault(name, ([], []))
            fresh = not said
        if line.startswith(b"#"):
            if fresh:
                said.append(line)
        elif line:
            samples.append(_labelled(line, label))


def _labelled(sample: bytes, label: bytes) -> bytes:
    brace = sample.find(b"{")
    # a label's value may hold anything, but a name none of both: whichever comes first ends it
    space = sample.find(b" ")
    if 0 <= brace < space:
        return b"%s{%s,%s" % (sample[:brace], label, sample[brace + 1 :])
    return b"%s{%s}%s" % (sample[:space], label, sample[space:])
