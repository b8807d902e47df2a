"""The OpenAPI document: its structure, and that it says what the types say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from notifyd.wire.rest import bodies as rest
from notifyd.wire.rest import client_bodies as client_rest
from notifyd.wire.rest import examples
from notifyd.wire.rest.openapi import openapi_document
from notifyd.wire.rest.operation import Access, Operation, Tag
from notifyd.wire.rest.operations import OPERATIONS
from tests.docs.codes import error_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = openapi_document("1.2.3")
TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")


@pytest.fixture(scope="module")
def codes() -> dict[str, set[int]]:
    return error_codes()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def resolve(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_head_of_the_document() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1.2.3"
    assert set(DOCUMENT) <= {"openapi", "info", "tags", "paths", "components"}


def test_it_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(DOCUMENT)) == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    references = [node["$ref"] for node in walk(DOCUMENT) if "$ref" in node]
    assert len(references) > 50
    for reference in references:
        assert isinstance(resolve(reference), dict)


def test_every_component_is_used() -> None:
    used = {node["$ref"] for node in walk(DOCUMENT) if "$ref" in node}
    for kind in ("schemas", "responses", "headers"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) == len(OPERATIONS)


def test_parameters_of_paths_are_declared() -> None:
    for path, _, operation in operations():
        declared = [entry["name"] for entry in operation.get("parameters", ()) if entry["in"] == "path"]
        assert declared == re.findall(r"\{(\w+)\}", path)
        assert all(entry["required"] for entry in operation.get("parameters", ()) if entry["in"] == "path")


def test_parameters_are_well_formed() -> None:
    for _, _, operation in operations():
        for entry in operation.get("parameters", ()):
            assert entry["in"] in ("path", "query", "header")
            assert entry["schema"]["type"] in TYPES
            assert entry["description"].endswith(".")


def test_every_operation_has_one_success_and_its_refusals() -> None:
    for _, _, operation in operations():
        statuses = [int(status) for status in operation["responses"]]
        assert len([status for status in statuses if 200 <= status < 300]) == 1
        assert {400, 500} <= set(statuses)
        assert all(entry.get("description") or "$ref" in entry for entry in operation["responses"].values())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_who_may_call_is_said(operation: Operation) -> None:
    security = described(operation)["security"]
    for scheme in (name for entry in security for name in entry):
        assert scheme in DOCUMENT["components"]["securitySchemes"]
    assert (security == []) == (operation.access is Access.OPEN)
    refusals = set(described(operation)["responses"])
    assert ({"401", "403", "429"} <= refusals) == (operation.access is not Access.OPEN)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.body], ids=lambda operation: operation.id)
def test_bodies_are_json_of_their_type(operation: Operation) -> None:
    assert operation.body is not None
    body = described(operation)["requestBody"]
    assert body["required"] is not operation.body_optional
    assert body["content"]["application/json"]["schema"]["$ref"].endswith(f"/{operation.body.__name__}")
    assert {413, 415} <= set(operation.errors)


def test_headers_of_keyed_calls_are_told() -> None:
    headers = DOCUMENT["paths"]["/api/notifications"]["post"]["responses"]["202"]["headers"]
    assert set(headers) == {
        "X-Request-Id",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "Idempotency-Replayed",
    }
    assert "Retry-After" in DOCUMENT["components"]["responses"]["429"]["headers"]


def test_schemas_are_of_the_wire() -> None:
    schema = DOCUMENT["components"]["schemas"]["NotificationBody"]
    assert schema["required"] == ["channel", "data"]
    assert set(schema["properties"]) == set(rest.NotificationBody.__struct_encode_fields__)
    assert "type" not in schema["properties"]["data"]


def test_what_every_answer_says_is_required() -> None:
    schema = DOCUMENT["components"]["schemas"]["BatchAccepted"]
    assert schema["required"] == ["success", "notificationIds", "status", "durability"]
    assert DOCUMENT["components"]["schemas"]["ErrorAnswer"]["properties"]["success"] == {"enum": [False]}


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.body], ids=lambda operation: operation.id)
def test_the_example_of_a_body_is_accepted(operation: Operation) -> None:
    example = described(operation)["requestBody"]["content"]["application/json"]["example"]
    assert operation.body is not None
    body = msgspec.json.decode(msgspec.json.encode(example), type=operation.body)
    assert isinstance(body, operation.body)
    assert set(example) <= set(operation.body.__struct_encode_fields__)


def answers() -> list[Operation]:
    return [operation for operation in OPERATIONS if not isinstance(operation.answer, str)]


@pytest.mark.parametrize("operation", answers(), ids=lambda operation: operation.id)
def test_the_example_of_an_answer_is_one(operation: Operation) -> None:
    content = described(operation)["responses"][str(operation.status)]["content"]["application/json"]
    decoded = msgspec.json.decode(msgspec.json.encode(content["example"]), type=operation.answer, strict=True)
    assert shape(msgspec.json.decode(msgspec.json.encode(decoded))) == shape(content["example"])


def shape(value: Any) -> Any:
    """The names in *value*, whatever order and values they have."""
    if isinstance(value, dict):
        return {name: shape(entry) for name, entry in value.items()}
    return [shape(entry) for entry in value] if isinstance(value, list) else None


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if isinstance(o.answer, str)], ids=lambda o: o.id)
def test_what_is_no_json_of_ours_has_an_example_too(operation: Operation) -> None:
    content = described(operation)["responses"]["200"]["content"][operation.answer]
    assert content["example"]


def test_no_example_is_left_over() -> None:
    assert set(examples.BODIES) == {operation.id for operation in OPERATIONS if operation.body}
    assert set(examples.TEXTS) == {operation.id for operation in OPERATIONS if isinstance(operation.answer, str)}
    assert set(examples.ANSWERS) == {operation.id for operation in answers()}


def test_every_refusal_has_examples() -> None:
    named = {status for _, _, operation in operations() for status in operation["responses"] if int(status) >= 400}
    responses = DOCUMENT["components"]["responses"]
    assert named == set(responses)
    for response in responses.values():
        content = response["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            msgspec.convert(example["value"], rest.ErrorAnswer, strict=True)


@pytest.mark.parametrize(("status", "refusal"), [(s, r) for s, rs in examples.REFUSALS.items() for r in rs])
def test_an_example_of_a_refusal_is_what_the_daemon_says(
    codes: dict[str, set[int]], status: int, refusal: rest.Problem
) -> None:
    assert status in codes[refusal.code]


def test_every_operation_has_a_tag_that_is_described() -> None:
    assert {entry["name"] for entry in DOCUMENT["tags"]} == {tag.value for tag in Tag}
    assert all(entry["description"].endswith(".") for entry in DOCUMENT["tags"])
    used = [tag for _, _, operation in operations() for tag in operation["tags"]]
    assert len(used) == len(OPERATIONS)
    assert set(used) == {tag.value for tag in Tag}


def test_both_services_are_in_it() -> None:
    paths = set(DOCUMENT["paths"])
    assert {"/api/keys", "/api/notifications", "/api/health", "/api/stats"} <= paths
    assert {"/api/v1/clients", "/api/v1/notifications", "/api/v1/devices"} <= paths


def test_a_client_s_schema_says_what_is_needed() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["NewClientBody"]["required"] == ["appName"]
    assert schemas["UserNotificationBody"]["required"] == ["users"]
    assert "clientSecret" not in schemas["RegisteredClientAnswer"]["required"]
    assert "id" in schemas["RegisteredClientAnswer"]["required"]
    assert schemas["Problem"]["required"] == ["code", "message", "requestId"]


def test_a_secret_is_in_no_view_of_a_client() -> None:
    assert not [name for name in client_rest.ClientView.__struct_encode_fields__ if name.endswith("ecret")]
