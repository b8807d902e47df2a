"""What a token says of itself: decoded and looked at, never verified."""

from __future__ import annotations

import base64
import binascii
import json
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notifyctl.exits import usage
from notifyctl.showing.convert import finite
from notifyctl.values.moments import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyctl.showing.output import Record


def decode(token: str) -> tuple[Record, Record]:
    """The header and the claims of *token*.

    Raises:
        Refusal: it has not the form of a signed token.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise usage("This is no token: it has not three parts with dots between them.")
    return _object(parts[0], "header"), _object(parts[1], "claims")


def _object(part: str, name: str) -> Record:
    try:
        padded = part + "=" * (-len(part) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        value = json.loads(text, parse_float=finite, parse_constant=str)
    except (binascii.Error, ValueError, RecursionError):
        raise usage(f"This is no token: its {name} cannot be decoded.") from None
    if not isinstance(value, dict):
        raise usage(f"This is no token: its {name} is no JSON object.")
    return value


def told(header: Record, claims: Record) -> Record:
    """The whole of it with what matters here put first."""
    return {
        "algorithm": header.get("alg"),
        "clientId": claims.get("clientId"),
        "userId": user_of(claims),
        "issuedAt": instant(claims.get("iat")),
        "expiresAt": instant(claims.get("exp")),
        "channels": claims.get("channels"),
        "header": header,
        "claims": claims,
    }


def user_of(claims: Record) -> Any:
    """The user: `userId`, or `sub` where that is missing or empty."""
    named = claims.get("userId")
    return claims.get("sub") if named is None or named == "" else named


def instant(seconds: Any) -> str | None:
    """A time claim as an instant; None for what is none."""
    number = _number(seconds)
    try:
        return None if number is None else iso(datetime.fromtimestamp(number, UTC))
    except (OverflowError, OSError, ValueError):
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def problems(token: str, header: Record, claims: Record) -> Iterator[str]:
    """A sentence for everything that will keep the daemon from taking the token, as far as it shows from outside."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none" or token.endswith("."):
        yield "It is not signed: anybody can write such a token, and notifyd refuses it."
    elif algorithm != "HS256":
        yield f"It is signed with {algorithm}; notifyd takes HS256 alone."
    yield from _of_time(claims)
    if not isinstance(claims.get("clientId"), str) or not claims["clientId"]:
        yield "It names no client: clientId is missing."
    user = user_of(claims)
    if isinstance(user, bool) or not isinstance(user, str | int) or user == "":
        yield "It names no user: userId or sub is missing."
    if not _are_channels(claims.get("channels")):
        yield "Its channels are no list of subscribe:PATTERN, publish:PATTERN or PATTERN."


def _are_channels(channels: Any) -> bool:
    return channels is None or (isinstance(channels, list) and all(isinstance(one, str) and one for one in channels))


def _of_time(claims: Record) -> Iterator[str]:
    now = time.time()
    expires = _number(claims.get("exp"))
    if "exp" not in claims:
        yield "It never expires: exp is missing, and notifyd refuses it."
    elif expires is None:
        yield "It has an exp that is no number."
    elif expires <= now:
        yield "It has expired."
    for name in ("nbf", "iat"):
        begins = _number(claims.get(name))
        if begins is not None and begins > now:
            yield f"It is not good yet: {name} lies ahead."
