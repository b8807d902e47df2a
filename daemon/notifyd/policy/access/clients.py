"""What a registered client may be: every problem of a form at once, each with the field's documented name."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notifyd.errors import FieldProblem
from notifyd.policy.access.tokens import usable_secret
from notifyd.policy.fields import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NAME_LENGTH: Final = 200
MAX_DESCRIPTION_LENGTH: Final = 1000
MAX_URL_LENGTH: Final = 2000
MAX_COOKIE_NAME_LENGTH: Final = 64
MIN_SECRET_LENGTH: Final = 8
MAX_SECRET_LENGTH: Final = 1024
#: RFC 7518, section 3.2: a key for HS256 has as many bytes as its hash.
GOOD_SECRET_LENGTH: Final = 32

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
#: RFC 6265, section 4.1.1, a token of RFC 2616.
_COOKIE_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: It stands in URLs, in namespaces and in the names of keys.
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?|[0-9a-f:.]+:[0-9a-f:.]*")


def problems_of(*, name: str, url: str, description: str, cookie_name: str) -> list[FieldProblem]:
    """What is wrong with a client's description of itself; the secret apart."""
    problems = []
    if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        problems.append(FieldProblem("appName", f"must be 1 to {MAX_NAME_LENGTH} printable characters"))
    if url:
        problems += [FieldProblem("clientUrl", message) for message in _problems_of_url(url)]
    if len(description) > MAX_DESCRIPTION_LENGTH:
        problems.append(FieldProblem("description", f"must have at most {MAX_DESCRIPTION_LENGTH} characters"))
    if _holds_controls(description, allowed="\n\r\t"):
        problems.append(FieldProblem("description", "must not hold control characters"))
    if cookie_name and (len(cookie_name) > MAX_COOKIE_NAME_LENGTH or not _COOKIE_NAME.fullmatch(cookie_name)):
        problems.append(
            FieldProblem(
                "cookieName", f"must be 1 to {MAX_COOKIE_NAME_LENGTH} letters, digits and characters of !#$%&'*+-.^_`|~"
            )
        )
    return problems


def problems_of_id(client_id: str) -> list[FieldProblem]:
    """What is wrong with an id that somebody chose."""
    if _ID.fullmatch(client_id):
        return []
    return [FieldProblem("id", "must be 1 to 64 letters, digits, - and _, a letter or a digit first")]


def problems_of_secret(secret: str) -> list[FieldProblem]:
    """What is wrong with a secret that somebody chose; none of it is repeated."""
    problems = []
    if not MIN_SECRET_LENGTH <= len(secret) <= MAX_SECRET_LENGTH:
        problems.append(f"must have {MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} characters")
    if _holds_controls(secret):
        problems.append("must not hold control characters")
    elif not usable_secret(secret or "empty"):
        problems.append("must not be a key or a certificate: make a random one")
    return [FieldProblem("clientSecret", message) for message in problems]


def warnings_of_secret(secret: str) -> tuple[str, ...]:
    """Advice about a secret that is accepted."""
    length = len(secret.encode())
    if length >= GOOD_SECRET_LENGTH:
        return ()
    return (
        f"the secret is short: tokens are safe from guessing with {GOOD_SECRET_LENGTH} random characters or more, "
        f"and it has {length}",
    )


def refuse_client(problems: Sequence[FieldProblem]) -> None:
    """Do nothing when there are none.

    Raises:
        Invalid: `invalid_client`, which tells all of them.
    """
    refuse(problems, code="invalid_client")


def origin_of(url: str) -> str:
    """The origin of a valid *url* as browsers write it (RFC 6454), "" for none."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = _ascii_host(parts.hostname or "")
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def _problems_of_url(url: str) -> list[str]:
    if len(url) > MAX_URL_LENGTH:
        return [f"must have at most {MAX_URL_LENGTH} characters"]
    if not url.isprintable() or " " in url or "\\" in url:
        return ["must not hold spaces, backslashes or control characters"]
    try:
        parts = urlsplit(url)
        host = _ascii_host(parts.hostname or "")
        good = parts.scheme in _DEFAULT_PORTS and _HOST.fullmatch(host) is not None and parts.port != 0
    except ValueError:
        good = False
    if not good:
        return ["must be an http:// or https:// address with a host"]
    problems = []
    if "@" in parts.netloc:
        problems.append("must not hold a user name or a password")
    if "#" in url:
        problems.append("must not hold a fragment")
    return problems


def _ascii_host(host: str) -> str:
    # browsers send the names of hosts in ASCII
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _holds_controls(text: str, *, allowed: str = "") -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs") and character not in allowed for character in text)
