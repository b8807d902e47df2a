"""notifyctl records."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from notifyctl import stdin
from notifyctl.command import Invocation, command, noun
from notifyctl.daemons.calling import refusals
from notifyctl.exits import Refusal, Status, usage
from notifyctl.secrets.files import new_file
from notifyctl.showing.output import Column
from notifyd.v1 import admin_pb2 as pb

app = noun("Move clients, keys and devices to another engine, and compare what two daemons keep.")

_PART_BYTES: Final = 1 << 18
_KINDS: Final = ("clients", "keys", "devices")
_COUNTED: Final = (
    *(Column(kind.capitalize(), kind) for kind in _KINDS),
    Column("Digest", "digest", style="cyan"),
)
_IMPORTED: Final = (
    *(
        Column(f"{kind.capitalize()} {what}", f"{what}.{kind}")
        for what in ("added", "replaced", "unchanged", "here")
        for kind in _KINDS
    ),
    Column("Digest of the file", "digest", style="cyan"),
    Column("Digest here", "digestHere", style="cyan"),
)


@command(
    app,
    "export",
    example="notifyctl records export house.ndjson\n"
    "notifyctl records export | notifyctl records import - --socket /run/other/admin.sock",
)
def export(
    run: Invocation,
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A new file for them; - is stdout.")] = "-",
) -> None:
    """Print clients, keys and devices, an object a line, for `records import` of another daemon.

    Keys are told as hashes, and the secrets of clients as they are sealed: whoever imports them needs the same master
    key. Push tokens are told as they are, so that a file is for its owner alone. This is NDJSON on a terminal too.
    The counts and a digest come at the end, in the last line and on stderr; `records check` tells those of any daemon.
    """
    call = run.daemon.stream("ExportRecords", pb.ExportRecordsRequest())
    last = b""
    try:
        with _opened(file) as out, refusals():
            for message in call:
                out.write(message.lines)
                last = message.lines
            out.flush()
    except Refusal as refusal:
        if not last:
            raise
        said = f"{refusal.message} The file was cut off, and cannot be imported."
        raise Refusal(said, Status.PARTLY, code=refusal.code) from refusal
    finally:
        call.cancel()
    run.output.note(f"{_spoken(json.loads(last.splitlines()[-1]))}.")


@command(
    app,
    "import",
    example="notifyctl records import house.ndjson --dry-run\n"
    "notifyctl records import house.ndjson\n"
    "notifyctl records import - --overwrite --yes < house.ndjson",
    changes=True,
    asks=True,
)
def import_(
    run: Invocation,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="What `records export` has written; - is stdin.")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let records of the file take the place of those that differ from them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and tell what would be done.")] = False,
) -> None:
    """Take in clients, keys and devices that another daemon has exported.

    Everything is checked before anything is kept. The same file again changes nothing. Records that differ from those
    of the daemon are refused with exit status 5, unless --overwrite says that those of the file count; it asks first.
    The client `default` of a new daemon gives way as long as nothing belongs to it. Both digests are equal when the
    daemon keeps exactly what the file holds.
    """
    if overwrite and not dry_run:
        run.confirm("Overwrite what differs from the file")
    with _source(file) as read:
        call = run.daemon.stream("ImportRecords", _requests(read, overwrite=overwrite, dry_run=dry_run))
        try:
            with refusals():
                (answer,) = call
        finally:
            call.cancel()
    record = _record(answer)
    run.output.one(record, _IMPORTED, key="digestHere")
    if dry_run:
        run.output.note("Nothing was kept: this was a dry run.")
    elif record["digest"] != record["digestHere"]:
        run.output.note("The daemon keeps other records beside those of the file: the digests differ.")


@command(app, "check", example="notifyctl records check\nnotifyctl records check -q")
def check(run: Invocation) -> None:
    """Count clients, keys and devices, and digest all that they say but the last uses of keys.

    Two daemons that keep the same records tell the same digest, whatever engine they keep them in.
    """
    call = run.daemon.stream("ExportRecords", pb.ExportRecordsRequest(digest_only=True))
    try:
        with refusals():
            told = b"".join(message.lines for message in call)
    finally:
        call.cancel()
    counted = json.loads(told)
    run.output.one({name: counted[name] for name in (*_KINDS, "digest")}, _COUNTED, key="digest")


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdout.buffer
        return
    with os.fdopen(new_file(Path(file)), "wb") as out:
        yield out


@contextmanager
def _source(file: str) -> Iterator[Callable[[], bytes]]:
    """What reads the next part of *file*; nothing at its end."""
    if file == "-":
        if stdin.is_terminal():
            raise usage("Name the file, or pipe it in.")
        yield lambda: os.read(stdin.STDIN, _PART_BYTES)
        return
    with Path(file).open("rb") as opened:
        yield lambda: opened.read(_PART_BYTES)


def _requests(read: Callable[[], bytes], *, overwrite: bool, dry_run: bool) -> Iterator[pb.ImportRecordsRequest]:
    yield pb.ImportRecordsRequest(overwrite=overwrite, dry_run=dry_run)
    while part := read():
        yield pb.ImportRecordsRequest(part=part)


def _record(answer: pb.ImportRecordsResponse) -> dict[str, Any]:
    counts = {
        what: {kind: getattr(getattr(answer, what), kind) for kind in _KINDS}
        for what in ("added", "replaced", "unchanged", "here")
    }
    return {**counts, "digest": answer.digest, "digestHere": answer.digest_here}


def _spoken(end: dict[str, Any]) -> str:
    counts = [f"{end[kind]} {kind if end[kind] != 1 else kind.removesuffix('s')}" for kind in _KINDS]
    return f"{', '.join(counts)}; {end['digest']}"
