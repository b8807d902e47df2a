"""What `notifyctl send` hands to the daemon, put together from its options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notifyctl import stdin
from notifyctl.exits import usage

if TYPE_CHECKING:
    from collections.abc import Callable


def message_json(message: str | None, data: str | None, title: str | None) -> str:
    """The JSON text of a notification's data: --data as it is, or a message with its title.

    Raises:
        Refusal: there is nothing to send, or two things, or no JSON.
    """
    if data is not None:
        if message is not None or title is not None:
            raise usage("Give a message (and its --title), or --data, not both.")
        return read_json(data, "--data")
    if message == "-" or (message is None and title is None and not stdin.is_terminal()):
        message = stdin.read_text().rstrip("\r\n")
    if not message and title is None:
        raise usage("There is nothing to send: give a message, pipe one in, or use --data.")
    return body_json(message, title)


def body_json(message: str | None, title: str | None) -> str:
    """*message* as `{"title": ..., "body": ...}`, each where there is one."""
    parts = {"title": title, "body": message}
    return json.dumps({name: value for name, value in parts.items() if value}, ensure_ascii=False)


def read_json(text: str, option: str, *, mapping: bool = False) -> str:
    """The JSON text that *option* says: itself, `@FILE`, or `@-` for stdin.

    Raises:
        Refusal: it is no JSON, or with *mapping* no object.
    """
    if text == "@-":
        text = stdin.read_text()
    elif text.startswith("@"):
        text = _file(text[1:], option)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise usage(f"{option} is no JSON: {exc}.") from exc
    if mapping and not isinstance(value, dict):
        raise usage(f"{option} must be a JSON object.")
    return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _file(name: str, option: str) -> str:
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise usage(f"{option} names {name}, which cannot be read: {reason}.") from exc


def line_json(line: str) -> str:
    """The data of one line of `--lines`: a JSON object as it is, other text as `{"body": line}`."""
    if line.lstrip().startswith("{") and _is_json(line):
        return line
    return body_json(line, None)


def _is_json(text: str, loads: Callable[..., Any] = json.loads) -> bool:
    try:
        loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True
