"""notifyctl cheat."""

from difflib import get_close_matches
from typing import Annotated

import typer

from notifyctl.cheat.cheats import Cheat, cheats, topics
from notifyctl.command import Invocation, command
from notifyctl.exits import usage
from notifyctl.showing.output import Column, Record

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column("Command", "command"),
    Column("Job", "job"),
    Column("Topic", "topic"),
)


def _topics(incomplete: str) -> list[str]:
    return [topic for topic in topics() if topic.startswith(incomplete)]


@command(
    app,
    "cheat",
    example="notifyctl cheat\n"
    "notifyctl cheat keys\n"
    "notifyctl cheat | grep revoke\n"
    "notifyctl cheat trouble -o json | jq -r '.[].command'",
)
def cheat(
    run: Invocation,
    topic: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC]", help="One topic; all of them unless given.", autocompletion=_topics),
    ] = None,
) -> None:
    """Show ready commands for the jobs that an operator has.

    Topics are start, keys, publish, listen, users, dead-letters, queue, cluster, upgrades, trouble, measure and
    elsewhere. Words in capitals stand for what is to be filled in. In a pipe it is a command a line, a tab, and what
    it is for; with -q the commands alone.
    """
    if topic is not None and topic not in topics():
        near = get_close_matches(topic, topics(), 1, 0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(topics())}."
        raise usage(f"There is no topic {topic!r}. {hint}")
    chosen = [each for each in cheats() if topic in (None, each.topic)]
    if run.output.form == "table" and not run.output.quiet:
        from notifyctl.cheat.sheet import show

        show(chosen)
        return
    run.output.many([_record(each) for each in chosen], _COLUMNS, key="command")


def _record(each: Cheat) -> Record:
    return {"command": each.run, "job": each.say, "topic": each.topic, "title": each.title}
