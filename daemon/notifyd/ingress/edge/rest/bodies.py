"""From the bytes of a body to a value, or to a sentence that says what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from notifyd.errors import FieldProblem, Invalid, TooLarge
from notifyd.ingress.faults import MediaTypeRefused

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call

T = TypeVar("T")

_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def decode_body(call: Call, decoder: msgspec.json.Decoder[T], *, max_bytes: int) -> T:
    """The body of *call* as *decoder* reads it.

    Raises:
        MediaTypeRefused: it is declared as something else than JSON.
        TooLarge: over *max_bytes*.
        Invalid: it is no JSON in UTF-8, or not of the right shape; the message names the first wrong field, and the
            details name all.
    """
    declared = call.headers.get(b"content-type")
    if declared is not None:
        check_media_type(declared)
    body = call.request.body
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    try:
        # The decoder does not look into the strings of what is carried as it is.
        if not body.isascii():
            body.decode("utf-8")
        return decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise Invalid(str(exc), details=sift(body, decoder.type)[1]) from exc
    except UnicodeDecodeError as exc:
        raise Invalid(f"the body is not UTF-8 (byte {exc.start})", code="invalid_json") from exc
    except msgspec.DecodeError as exc:
        said = str(exc) if body else "it is empty"
        raise Invalid(f"the body must be a JSON object: {said}", code="invalid_json") from exc
    except RecursionError as exc:
        raise Invalid("the body is nested too deep", code="invalid_json") from exc


def sift(body: bytes, kind: Any) -> tuple[dict[str, Any], list[FieldProblem]]:
    """The fields of *body* that are as the struct *kind* says, and what is wrong with the others.

    Nothing of either where *body* is no JSON object.
    """
    try:
        sent = _fields_of(body)
    except (msgspec.DecodeError, RecursionError):
        return {}, []
    sound: dict[str, Any] = {}
    problems = []
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in sent:
            if field.required:
                problems.append(FieldProblem(field.encode_name, "is missing"))
            continue
        try:
            sound[field.name] = msgspec.json.decode(sent[field.encode_name], type=field.type)
        except (msgspec.DecodeError, RecursionError) as exc:
            problems.append(_problem(field.encode_name, exc))
    return sound, problems


def _problem(name: str, exc: Exception) -> FieldProblem:
    sentence, _, place = str(exc).partition(" - at `$")
    return FieldProblem(name + place.rstrip("`"), sentence)


def too_large(max_bytes: int) -> TooLarge:
    """The refusal of a body over *max_bytes*."""
    return TooLarge(f"the body is over {max_bytes} bytes")


def check_media_type(declared: bytes) -> None:
    """Pass when the Content-Type *declared* is JSON.

    Raises:
        MediaTypeRefused: it is something else; `curl -d` says form data unless it is told otherwise.
    """
    if declared == b"application/json":
        return
    kind = declared.partition(b";")[0].strip().lower()
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        shown = kind.decode("latin-1")[:80]
        raise MediaTypeRefused(f"the body is declared as {shown!r}: set the header Content-Type: application/json")
