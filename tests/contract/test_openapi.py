"""The OpenAPI document: valid 3.1, complete in its errors, true to what the service does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from affidavit.api.app import api
from affidavit.api.auth import Token
from affidavit.identity.types import Scope

CHANGES = ("post", "put", "patch")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in references(item)]
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    return []


def test_the_document_is_openapi_3_1_with_unique_operations(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"]
    assert document["info"]["version"]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) >= 18


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        described = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path))
        names = [(item["in"], item["name"]) for item in operation["parameters"]]
        assert len(names) == len(set(names))


def test_every_route_declares_each_of_its_errors_as_a_problem(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        errors = {"400", "401", "403", "404", "422", "429", "500", "503"}
        if method in CHANGES:
            errors |= {"409", "413", "415"}
        assert errors <= set(operation["responses"]), path
        for status, response in operation["responses"].items():
            assert response["description"]
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
            else:
                assert response["content"], (path, status)


def test_every_route_says_which_scope_it_requires(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert [list(way) for way in operation["security"]] == [["Token"], ["Session"]], path
        assert operation["security"][0]["Token"]
        assert set(operation["security"][0]["Token"]) <= {scope.value for scope in Scope}
    assert set(document["components"]["securitySchemes"]) == {"Token", "Session"}


def test_no_route_is_without_credentials() -> None:
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                assert any(isinstance(way, Token) for way in operation.auth_callbacks)


def test_every_change_takes_an_idempotency_key_and_a_described_body(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        keys = [item for item in operation["parameters"] if item["name"] == "Idempotency-Key"]
        assert len(keys) == (1 if method in CHANGES else 0), path
        assert ("requestBody" in operation) == (method in CHANGES), path


def test_every_body_is_closed(document: dict[str, Any]) -> None:
    """An unknown member is refused; the document says so, for generated clients."""
    for _, _, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "$ref" in content.get("schema", {}):  # evidence is any bytes
            name = content["schema"]["$ref"].rsplit("/", 1)[-1]
            assert document["components"]["schemas"][name]["additionalProperties"] is False
