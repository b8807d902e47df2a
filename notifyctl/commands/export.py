"""notifyctl export."""

import json
from typing import Annotated, Any

import typer

from notifyctl.command import Invocation, command
from notifyctl.declared import present as presence
from notifyctl.declared.items import KINDS, Item, Kind
from notifyctl.declared.spelling import toml_lines
from notifyctl.exits import usage
from notifyctl.values import moments

app = typer.Typer(add_completion=False)

_HEAD = """\
# What `notifyctl export` found; `notifyctl apply -f FILE` takes it.
# Secrets are not in it: for a client that is new to a daemon one is made, unless secret_file or secret_env names it.
"""

_Only = Annotated[
    list[str],
    typer.Option(
        "--only",
        metavar="KIND",
        help="clients, keys, channels or webhooks alone. Repeatable.",
        autocompletion=lambda incomplete: [kind for kind in KINDS if kind.startswith(incomplete)],
    ),
]


@command(
    app,
    "export",
    example="notifyctl export > notifyd-state.toml\n"
    "notifyctl export --only channels --only webhooks -o json\n"
    "notifyctl export | notifyctl diff -f - --prune",
)
def export(run: Invocation, *, only: _Only = []) -> None:  # noqa: B006 -- typer copies it
    """Print the clients, API keys, rules of channels, and webhooks as `notifyctl apply` takes them.

    TOML unless -o json is given; with -q the names alone. Secrets are not part of it, nor is what has been revoked or
    has expired. Names that two of a kind have are refused, as they could not be told apart.
    """
    if wrong := sorted(set(only) - set(KINDS)):
        raise usage(f"--only {wrong[0]}: it is one of {', '.join(KINDS)}.")
    kinds = [kind for kind in KINDS if not only or kind in only]
    found = presence.ask(run.daemon, kinds)
    tables: dict[Kind, list[dict[str, Any]]] = {}
    names: list[str] = []
    for kind in kinds:
        items = [item for item in found.items[kind] if _told(item)]
        presence.check_unambiguous(items)
        tables[kind] = [item.said() for item in items]
        names += [item.name for item in items]
    if run.output.quiet:
        run.output.many([{"name": name} for name in names], (), key="name")
    elif run.output.wants_json:
        indent = 2 if run.output.form == "json" else None
        for line in json.dumps(tables, ensure_ascii=True, indent=indent).splitlines():
            run.output.text(line)
    else:
        for line in (*_HEAD.splitlines(), *toml_lines(tables)):
            run.output.raw(line)


def _told(item: Item) -> bool:
    """Whether it could be made again, and is not there by itself."""
    if item.kind == "keys":
        expires_at = item.fields["expires_at"]
        return expires_at is None or expires_at > moments.iso(moments.after(0))
    return item.id != "default" or bool(item.said().keys() - {"name"})
