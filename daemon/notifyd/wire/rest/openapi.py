"""The OpenAPI 3.1 document of the REST interface, made from the table of operations and the types that validate."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from notifyd.wire.rest import bodies as rest
from notifyd.wire.rest.examples import BODIES, REFUSALS, TEXTS, answer_example
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag
from notifyd.wire.rest.operations import OPERATIONS

Json = dict[str, Any]

_REFERENCE: Final = "#/components/schemas/{name}"
_SECURITY: Final[dict[Access, list[Json]]] = {
    Access.OPEN: [],
    Access.KEY: [{"apiKey": []}, {"bearerKey": []}],
    Access.KEY_OR_ADMIN: [{"apiKey": []}, {"bearerKey": []}, {"adminToken": []}],
    Access.STREAM: [{"apiKey": []}, {"bearerKey": []}, {"queryKey": []}, {"adminToken": []}],
    Access.SUBSCRIBER: [{"apiKey": []}, {"bearerKey": []}, {"userToken": []}, {"adminToken": []}],
    Access.USER: [{"userToken": []}, {"queryToken": []}],
    Access.ADMIN: [{"adminToken": []}],
    # Open to everybody where the operator said so.
    Access.METRICS: [{"adminToken": []}, {}],
    Access.ADMIN_OR_KEY: [{"adminToken": []}, {"apiKey": []}],
    Access.ADMIN_OR_USER: [{"adminToken": []}, {"userToken": []}],
    Access.DEVICE: [{"adminToken": []}, {"clientSecret": []}, {"userToken": []}],
}
_SCHEMES: Final[Json] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearerKey": {"type": "http", "scheme": "bearer", "description": "The API key."},
    "queryKey": {"type": "apiKey", "in": "query", "name": "apiKey"},
    "queryToken": {"type": "apiKey", "in": "query", "name": "token"},
    "adminToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The admin token (`notifyctl tokens admin`). In development mode none is needed on loopback.",
    },
    "userToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's token: HS256 with the client's secret; clientId, userId or sub, and exp.",
    },
    "clientSecret": {"type": "apiKey", "in": "header", "name": "X-Client-Secret"},
}
_TAGS: Final = {
    Tag.PUBLISHING: "Hand notifications in.",
    Tag.NOTIFICATIONS: "What became of them.",
    Tag.CHANNELS: "Named streams of publications: their history, and subscriptions by Server-Sent Events.",
    Tag.DEAD_LETTERS: "What was given up, to be looked at, put back or dropped.",
    Tag.WEBHOOKS: "Who is told of events by signed requests.",
    Tag.CLIENTS: "Registered applications.",
    Tag.USERS: "Their users: what is kept for them, their devices and their tokens.",
    Tag.KEYS: "Credentials of producers and subscribers.",
    Tag.OPERATING: "Health, figures and the queue.",
}
_REFUSALS: Final = {
    400: "The request is malformed; the message says what would be right, and the details name every field.",
    401: "The credential is missing, unknown, expired or revoked.",
    403: "The credential does not allow this, or it may not be used from here.",
    404: "What was named does not exist, or belongs to somebody else.",
    409: "The state of things forbids it.",
    413: "The body or a part of it is over its limit.",
    415: "The body is not declared as application/json.",
    422: "The Idempotency-Key was used before, with another body.",
    429: "A rate limit ran out, or the queue is full.",
    500: "A fault of the daemon; its log has the request id.",
    503: "The daemon is starting or draining, or an engine is away.",
}
_HEADERS: Final[Json] = {
    "X-Request-Id": {
        "description": "The request's id, the one that was sent or a new one.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {"description": "Requests allowed at once.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Requests left of them.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until all are allowed again.", "schema": {"type": "integer"}},
    "Retry-After": {"description": "Seconds after which trying again makes sense.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "true: this is the receipt of an earlier request.",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": {"description": "Where the new one is shown.", "schema": {"type": "string"}},
}
_COUNTED: Final = frozenset(Access) - {Access.OPEN, Access.ADMIN, Access.METRICS}
_LOCATED: Final = ("createKey", "registerClient")
_RATE_LIMIT: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def openapi_document(version: str) -> Json:
    """The whole document, ready to be encoded; *version* is the daemon's."""
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "notifyd",
            "version": version,
            "description": "Publish notifications, read what became of them, subscribe, and operate the daemon.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag.value, "description": _TAGS[tag]} for tag in Tag],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {str(status): _refusal(status) for status in _REFUSALS},
            "headers": _HEADERS,
            "securitySchemes": _SCHEMES,
        },
    }


def _schemas() -> Json:
    types: list[type[msgspec.Struct]] = [rest.ErrorAnswer]
    for operation in OPERATIONS:
        types += [kind for kind in (operation.answer, operation.body) if not (kind is None or isinstance(kind, str))]
    _, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    return {name: _with_constants_required(schema) for name, schema in components.items()}


def _with_constants_required(schema: Json) -> Json:
    """*schema* with its constants required: they have defaults so nobody has to write them, and are always sent."""
    properties: Json = schema.get("properties", {})
    constants = [name for name, field in properties.items() if "enum" in field and "default" in field]
    described = {name: {k: v for k, v in field.items() if k != "default"} for name, field in properties.items()}
    required = [name for name in properties if name in constants or name in schema.get("required", ())]
    return schema | {"properties": described, "required": required}


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag.value],
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "responses": _responses(operation),
    }
    if operation.parameters:
        described["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {"application/json": {"schema": _reference(operation.body), "example": BODIES[operation.id]}},
        }
    return described


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.place == "path",
        "schema": {"type": parameter.kind},
    }


def _responses(operation: Operation) -> Json:
    success = {
        "description": operation.summary,
        "headers": _header_references(_success_headers(operation)),
        "content": _content(operation),
    }
    refusals = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _refused_with(operation)}
    return {str(operation.status): success, **refusals}


def _refused_with(operation: Operation) -> list[int]:
    statuses = {400, 500, *operation.errors}
    if operation.access is not Access.OPEN:
        statuses |= {401, 403, 429}
    return sorted(statuses)


def _content(operation: Operation) -> Json:
    answer = operation.answer
    if not isinstance(answer, str):
        return {"application/json": {"schema": _reference(answer), "example": answer_example(operation.id)}}
    kind = "object" if answer == "application/json" else "string"
    return {answer: {"schema": {"type": kind}, "example": TEXTS[operation.id]}}


def _success_headers(operation: Operation) -> tuple[str, ...]:
    names: tuple[str, ...] = ("X-Request-Id",)
    if operation.access in _COUNTED:
        names += _RATE_LIMIT
    if any(parameter.name == "Idempotency-Key" for parameter in operation.parameters):
        names += ("Idempotency-Replayed",)
    return (*names, "Location") if operation.id in _LOCATED else names


def _refusal(status: int) -> Json:
    names: tuple[str, ...] = ("X-Request-Id",)
    if status == 401:
        names += ("WWW-Authenticate",)
    if status in (429, 503):
        names += ("Retry-After",)
    if status == 429:
        names += _RATE_LIMIT
    return {
        "description": _REFUSALS[status],
        "headers": _header_references(names),
        "content": {"application/json": {"schema": _reference(rest.ErrorAnswer), "examples": _examples(status)}},
    }


def _examples(status: int) -> Json:
    return {
        refusal.code: {"value": {"success": False, "error": msgspec.to_builtins(refusal)}}
        for refusal in REFUSALS[status]
    }


def _header_references(names: tuple[str, ...]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(kind: type[msgspec.Struct]) -> Json:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}
