"""notifyctl dead-letters."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TextIO, TypeVar

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.daemons.calling import refusals
from notifyctl.daemons.known import check_client
from notifyctl.dead_letters.choosing import Choice, Which, named
from notifyctl.dead_letters.columns import LISTED, RETRIED, SHOWN
from notifyctl.exits import Refusal, Status, status_of, usage
from notifyctl.params import duration_option
from notifyctl.secrets.files import new_file
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.showing.receipts import TIMELINE
from notifyctl.values import moments
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at what was given up, try it again, or drop it.")

#: Ids in one call: few enough for a call's deadline, whatever the disk.
_AT_ONCE: Final = 500
_RETRYING: Final = "Retrying"
_DROPPING: Final = "Dropping"
_Answer = TypeVar("_Answer")
_Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="[ID | -]...",
        help="Ids of dead letters; - reads them from stdin, one at the start of each line.",
        autocompletion=offers.dead_letter_ids,
    ),
]
_Part = tuple[list[str], pb.DeadLetterFilter | None]


@command(
    app,
    "list",
    example="notifyctl dead-letters list --since 1h\n"
    "notifyctl dead-letters list --stage subscription --reason ack_timeout -q",
)
def list_(
    run: Invocation,
    *,
    which: Which,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=5000, metavar="N", help="At most so many.")] = 50,
    after: Annotated[
        str,
        typer.Option(
            "--after", metavar="ID", help="Only those behind this one.", autocompletion=offers.dead_letter_ids
        ),
    ] = "",
) -> None:
    """List dead letters, the newest first: why each was given up, and after how many tries."""
    request = pb.ListDeadLettersRequest(filter=which.filter(), limit=limit, after=after)
    answer = run.daemon.call("ListDeadLetters", request)
    check_client(run.daemon, which.client, answer.dead_letters)
    run.output.many([convert.record(letter) for letter in answer.dead_letters], LISTED)
    if len(answer.dead_letters) == limit < answer.total:
        last = answer.dead_letters[-1].id
        run.output.note(f"These are {limit} of {answer.total}; see more with --limit, or with --after {last}.")


@command(app, "show", example="notifyctl dead-letters show ID\nnotifyctl dead-letters show ID -o json | jq .data")
def show(
    run: Invocation,
    letter_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the dead letter.", autocompletion=offers.dead_letter_ids)
    ],
) -> None:
    """Show one dead letter: the reason, the last error, its data, and what happened to it in order."""
    letter = convert.record(run.daemon.call("GetDeadLetter", pb.GetDeadLetterRequest(id=letter_id)))
    run.output.one(letter, SHOWN, key="id")
    run.output.below(letter["timeline"], TIMELINE)


@command(
    app,
    "retry",
    example="notifyctl dead-letters retry ID\n"
    "notifyctl dead-letters retry --stage push --since 1h --yes\n"
    "notifyctl dead-letters list --reason nacked -q | notifyctl dead-letters retry - --ttl 1h",
    changes=True,
    asks=True,
)
def retry(
    run: Invocation,
    ids: _Ids = [],  # noqa: B006 -- typer copies it
    *,
    which: Choice,
    ttl: Annotated[
        float | None, duration_option("--ttl", help="A new life; what has expired is not tried again without it.")
    ] = None,
) -> None:
    """Try dead letters again, each from where it was given up.

    Prints what each goes on as. A choice by options asks first. The exit status is 8 when some were refused, 3 when
    none of those named was there, and 5 when the state of things forbids it, such as an expiry without --ttl.
    """
    ttl_ms = None if ttl is None else max(1, round(ttl * 1000))

    def ask(part: _Part) -> pb.RetryDeadLettersResponse:
        request = pb.RetryDeadLettersRequest(ids=part[0], filter=part[1], ttl_ms=ttl_ms)
        answer: pb.RetryDeadLettersResponse = run.daemon.call("RetryDeadLetters", request)
        return answer

    work = _Work(run, _RETRYING)
    answers = work.answers(ids, which, ask, lambda answer: answer.retried)
    results = list({result.id: result for answer in answers for result in answer.results}.values())
    run.output.many([convert.record(result) for result in results], RETRIED, key="notificationId")
    if work.broken is not None:
        raise work.broken
    _refuse_rest(results)


@command(
    app,
    "drop",
    example="notifyctl dead-letters drop ID --yes\nnotifyctl dead-letters drop --until 7d --yes",
    changes=True,
    asks=True,
)
def drop(
    run: Invocation,
    ids: _Ids = [],  # noqa: B006 -- typer copies it
    *,
    which: Choice,
) -> None:
    """Drop dead letters for good: nobody will receive them.

    The exit status is 8 when some of those named were not there, and 3 when none was.
    """

    def ask(part: _Part) -> pb.DropDeadLettersResponse:
        request = pb.DropDeadLettersRequest(ids=part[0], filter=part[1])
        answer: pb.DropDeadLettersResponse = run.daemon.call("DropDeadLetters", request)
        return answer

    work = _Work(run, _DROPPING)
    answers = list(work.answers(ids, which, ask, lambda answer: len(answer.dropped)))
    dropped = [letter_id for answer in answers for letter_id in answer.dropped]
    missing = [letter_id for answer in answers for letter_id in answer.not_found]
    run.output.many([{"id": letter_id} for letter_id in dropped], [Column("Dropped", "id")])
    if work.broken is not None:
        raise work.broken
    if missing:
        status = Status.PARTLY if dropped else Status.NOT_FOUND
        raise Refusal(f"Not there (any more): {', '.join(missing)}.", status, code="dead_letter_not_found")


@command(
    app,
    "export",
    example="notifyctl dead-letters export --since 1d | jq -c '{id, reason, data}'\n"
    "notifyctl dead-letters export --stage webhook --out dead.ndjson",
)
def export(
    run: Invocation,
    *,
    which: Which,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="A new file for them, instead of stdout.")
    ] = None,
) -> None:
    """Print dead letters with their data, an object a line, the oldest first.

    This is NDJSON on a terminal too, whatever --output says.
    """
    call = run.daemon.stream("ExportDeadLetters", pb.ExportDeadLettersRequest(filter=which.filter()))
    written = 0
    try:
        with _opened(out) as file, refusals():
            for letter in call:
                run.output.each(convert.record(letter), (), form="ndjson", file=file)
                written += 1
    except Refusal as refusal:
        if not written:
            raise
        said = f"{refusal.message} {_counted(written)} written before."
        raise Refusal(said, Status.PARTLY, code=refusal.code) from refusal
    finally:
        call.cancel()
    if out is not None:
        run.output.note(f"{_counted(written)} written to {out}.")


@contextmanager
def _opened(out: str | None) -> Iterator[TextIO]:
    if out in (None, "-"):
        yield sys.stdout
        return
    # payloads are nobody else's business
    with os.fdopen(new_file(Path(str(out))), "w", encoding="utf-8") as file:
        yield file


class _Work:
    """What the daemon is asked to do, in calls that its limits allow, once the operator has agreed."""

    def __init__(self, run: Invocation, deed: str) -> None:
        self._run = run
        self._deed = deed
        #: What broke off after something was done.
        self.broken: Refusal | None = None

    def answers(
        self, words: Sequence[str], which: Choice, ask: Callable[[_Part], _Answer], done: Callable[[_Answer], int]
    ) -> Iterator[_Answer]:
        """The daemon's answers; *done* counts what one of them did."""
        if words and which.chooses:
            raise usage("Name dead letters, or choose them with options, not both.")
        if not (words or which.chooses):
            raise usage("Name dead letters, choose some with options such as --stage, or say --all.")
        begun = False
        try:
            for answer in self._of_named(words, ask) if words else self._of_chosen(which, ask, done):
                begun = True
                yield answer
        except Refusal as refusal:
            if not begun:
                raise
            self.broken = Refusal(f"{refusal.message} Not all was done.", Status.PARTLY, code=refusal.code)

    def _of_named(self, words: Sequence[str], ask: Callable[[_Part], _Answer]) -> Iterator[_Answer]:
        ids = named(words)
        if self._deed == _DROPPING:
            self._run.confirm(f"{self._deed} {_counted(len(ids))}")
        for start in range(0, len(ids), _AT_ONCE):
            yield ask((ids[start : start + _AT_ONCE], None))

    def _of_chosen(
        self, which: Choice, ask: Callable[[_Part], _Answer], done: Callable[[_Answer], int]
    ) -> Iterator[_Answer]:
        having = which.filter()
        must_ask = self._run.must_ask(f"{self._deed} dead letters")
        if not having.HasField("until"):
            # What dies while the operator thinks, or because of this retry, was not meant.
            having.until.FromDatetime(moments.after(0.0))
        left = self._run.daemon.call("ListDeadLetters", pb.ListDeadLettersRequest(filter=having, limit=1)).total
        if not left:
            self._run.output.note("No dead letter fits.")
        elif must_ask:
            self._run.confirm(f"{self._deed} {_counted(left)}")
        while left > 0:
            answer = ask(([], having))
            yield answer
            # The daemon takes so many at once; without progress the rest is what it refuses.
            left = left - done(answer) if done(answer) else 0


def _counted(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"


def _refuse_rest(results: Sequence[pb.Retried]) -> None:
    refused = [result for result in results if result.HasField("refused")]
    if not refused:
        return
    first = refused[0]
    sentence = f"{first.id} could not be retried: {first.refused.message.rstrip('.')}."
    if len(results) > 1:
        sentence = f"{len(refused)} of {_counted(len(results))} could not be retried. {sentence}"
    if len(refused) < len(results):
        raise Refusal(sentence, Status.PARTLY, code="partly_done")
    statuses = {status_of(result.refused.code) for result in refused}
    raise Refusal(sentence, statuses.pop() if len(statuses) == 1 else Status.FAILED, code=first.refused.code)
