"""How each command is called for its golden output, or why it has none."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cli.secrets.test_tokens import token


@dataclass(frozen=True)
class Case:
    """What stands after the command, and what it reads; `FILE` is a file that holds *file*."""

    args: str = ""
    stdin: bytes = b""
    file: str = ""
    #: Command lines, without `notifyctl`, that come before each call.
    before: tuple[str, ...] = ()
    #: How it ends.
    status: int = 0
    #: Whether -q makes sense.
    quiet: bool = True


_EXPORT = b'{"type":"header","format":"notifyd-records","version":1}\n'
_STATE = """
[[clients]]
name = "shop"
url = "https://new.example"
"""
_CONTEXTS = (
    "context add staging --socket /run/staging/admin.sock --replace",
    "context add shop --url grpcs://shop.example:50052 --token-file FILE --replace",
)

#: By the command's path.
CASES = {
    "notifyctl status": Case(),
    "notifyctl wait ready": Case(),
    "notifyctl keys create": Case("--name shop"),
    "notifyctl keys list": Case("--all"),
    "notifyctl keys show": Case("key_1"),
    "notifyctl keys update": Case("key_1 --everywhere --for-good"),
    "notifyctl keys rotate": Case("key_1 --overlap 1h"),
    "notifyctl keys revoke": Case("key_1 --yes"),
    "notifyctl clients register": Case("--name shop --url https://shop.example", quiet=False),
    "notifyctl clients list": Case(),
    "notifyctl clients show": Case("c_shop"),
    "notifyctl clients update": Case("c_shop --url https://new.example"),
    "notifyctl clients rotate-secret": Case("c_shop", quiet=False),
    "notifyctl clients remove": Case("c_shop --yes"),
    "notifyctl tokens mint": Case("--user alice"),
    "notifyctl tokens inspect": Case(stdin=token().encode()),
    "notifyctl tokens verify": Case(stdin=token().encode()),
    "notifyctl tokens admin": Case(),
    "notifyctl send": Case("--channel orders hello"),
    "notifyctl listen": Case("orders -n 1"),
    "notifyctl notifications show": Case("n_1"),
    "notifyctl notifications wait": Case("n_1 --until acked"),
    "notifyctl notifications cancel": Case("n_1"),
    "notifyctl dead-letters list": Case(),
    "notifyctl dead-letters show": Case("n_1.abc"),
    "notifyctl dead-letters retry": Case("n_1.abc"),
    "notifyctl dead-letters drop": Case("n_1.abc --yes"),
    "notifyctl dead-letters export": Case(),
    "notifyctl subscriptions list": Case(),
    "notifyctl subscriptions remove": Case("orders worker --yes"),
    "notifyctl webhooks list": Case(),
    "notifyctl webhooks test": Case("audit"),
    "notifyctl webhooks secret": Case("audit"),
    "notifyctl stats": Case(),
    "notifyctl queue stats": Case(),
    "notifyctl queue list": Case(),
    "notifyctl queue pause": Case(),
    "notifyctl queue resume": Case(),
    "notifyctl queue clear": Case("--yes"),
    "notifyctl channels list": Case(),
    "notifyctl channels show": Case("orders"),
    "notifyctl channels history": Case("orders"),
    "notifyctl channels presence": Case("orders"),
    "notifyctl connections list": Case(),
    "notifyctl connections kick": Case("c_1 --yes"),
    "notifyctl devices list": Case(),
    "notifyctl devices register": Case("--user alice --token-file -", stdin=b"fcm-token"),
    "notifyctl devices remove": Case("d_1 --yes"),
    "notifyctl users list": Case(),
    "notifyctl records export": Case(),
    "notifyctl records import": Case("-", stdin=_EXPORT),
    "notifyctl records check": Case(),
    "notifyctl logs tail": Case(),
    "notifyctl config check": Case("FILE", file="[server]\nport = 3000\n"),
    "notifyctl config doc": Case("log.level"),
    "notifyctl config show": Case("--running --origin"),
    "notifyctl config reload": Case(),
    "notifyctl cluster list": Case(),
    "notifyctl cluster drain": Case("one --yes"),
    "notifyctl context add": Case("staging --socket /run/staging/admin.sock --replace"),
    "notifyctl context list": Case(file="t0ken", before=_CONTEXTS),
    "notifyctl context show": Case("shop", file="t0ken", before=_CONTEXTS),
    "notifyctl context use": Case("staging", file="t0ken", before=_CONTEXTS),
    "notifyctl context remove": Case("staging --yes", file="t0ken", before=_CONTEXTS),
    "notifyctl export": Case(),
    "notifyctl diff": Case("-f FILE", file=_STATE, status=1),
    "notifyctl apply": Case("-f FILE --dry-run", file=_STATE, status=1),
    "notifyctl drain": Case("--yes"),
    "notifyctl doctor": Case(),
    "notifyctl cheat": Case("keys"),
}

_FIGURES = "what it prints is measured; tests/cli/benching looks at each format"
#: By the command's path, why there is nothing to compare.
WITHOUT = {
    "notifyctl serve": "it prints a log",
    "notifyctl config init": "it prints a file, which tests/config/test_manual.py compares",
    "notifyctl config set": "it prints a path; tests/cli/configuring/test_config.py looks at what it writes",
    "notifyctl completion show": "it prints a program, which test_completing.py runs",
    **{f"notifyctl bench {load}": _FIGURES for load in ("connect", "publish", "fanout", "latency", "storm")},
    "notifyctl completion install": "it prints a path; test_formats.py looks at what it writes",
}
