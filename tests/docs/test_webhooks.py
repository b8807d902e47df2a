"""What notifyd(8) says of webhooks: the checks of signatures that it shows are run."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from typing import Any

import pytest

from notifyd.config.guaranteeing import EVENT_TYPES
from notifyd.policy.webhooks.signing import new_secret, signed_headers, signing_key
from tests.docs.pages import needs, page, section

SECTION = section(page("notifyd.8"), "WEBHOOKS")
BODY = '{"id":"evt_1","data":"ä"}'.encode()


def snippet(beginning: str) -> str:
    blocks = re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed$", SECTION, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if block.startswith(beginning)]
    return found.replace("\\-", "-")


def calls() -> list[tuple[bool, str, dict[str, str], bytes]]:
    """Whether it is genuine, the secret, the headers, the body."""
    secret, now = new_secret(), int(time.time())
    good = signed_headers(signing_key(secret), "evt_1", now, BODY)
    old = signed_headers(signing_key(secret), "evt_1", now - 3600, BODY)
    return [
        (True, secret, good, BODY),
        (False, new_secret(), good, BODY),
        (False, secret, good, BODY + b" "),
        (False, secret, good | {"webhook-id": "evt_2"}, BODY),
        (False, secret, good | {"webhook-signature": "v1,"}, BODY),
        (False, secret, old, BODY),
    ]


def test_the_check_in_python():
    names: dict[str, Any] = {"base64": base64, "hmac": hmac, "hashlib": hashlib, "time": time}
    exec(snippet("def genuine"), names)
    for genuine, *call in calls():
        assert names["genuine"](*call) is genuine


@needs("node")
def test_the_check_in_node():
    given = [[secret, headers, body.decode()] for _, secret, headers, body in calls()]
    program = (
        f'const crypto = require("node:crypto");\n{snippet("function genuine")}\n'
        f"const calls = {json.dumps(given)};\n"
        "console.log(JSON.stringify(calls.map(([s, h, b]) => genuine(s, h, Buffer.from(b)))));"
    )
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [genuine for genuine, *_ in calls()]


@pytest.mark.parametrize("beginning", ["def genuine", "function genuine"])
def test_the_check_is_short(beginning: str):
    assert len(snippet(beginning).splitlines()) <= 10


def test_every_event_is_told():
    told = [name for line in re.findall(r"^\.It Ic (.*)$", SECTION, re.MULTILINE) for name in line.split(" , ")]
    assert sorted(told) == sorted(EVENT_TYPES)
