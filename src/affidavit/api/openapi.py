"""The OpenAPI 3.1 document: ninja's, made complete with errors, scopes and idempotency keys."""

from __future__ import annotations

from typing import Any

from affidavit.api.changes import HEADER
from affidavit.api.errors import MEDIA_TYPE
from affidavit.api.schemas import Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_CHANGES = ("post", "put", "patch", "delete")

_ALWAYS = {
    400: "The request can't be read.",
    401: "Not signed in: no token, or an unknown, expired or revoked one.",
    403: "The role, the token's scope or a rule of the policy does not allow this.",
    404: "There is no such thing in this organization.",
    422: "The request breaks the contract; `errors` point at where.",
    429: "Too many attempts; wait as long as Retry-After says.",
    500: "Something broke here; nothing was written.",
    503: "The service is busy or not set up for this; nothing was written.",
}
_ON_CHANGES = {
    409: "The request contradicts what is recorded.",
    413: "The request is larger than the limit.",
    415: "The body has another media type than this address takes.",
}
_IDEMPOTENCY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "The same key and body answers the same for seven days; another body 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def complete(document: dict[str, Any], scopes: dict[str, list[str]]) -> None:
    """Add to `document`, in place, what ninja does not say.

    `scopes` maps an operation's id to the token scopes of which one is required.
    """
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"]["Problem"] = schema
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                _complete(method, operation, scopes.get(operation["operationId"], []))


def _complete(method: str, operation: dict[str, Any], scopes: list[str]) -> None:
    described = _ALWAYS | (_ON_CHANGES if method in _CHANGES else {})
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    for status, description in described.items():
        responses.setdefault(str(status), _problem(description))
    operation["responses"] = dict(sorted(responses.items()))
    if method in _CHANGES and not any(item["name"] == HEADER for item in operation["parameters"]):
        operation["parameters"] = [*operation["parameters"], _IDEMPOTENCY]
    # OpenAPI 3.1 lets bearer schemes list what they require, too.
    operation["security"] = [
        {name: list(scopes) for name in way} for way in operation.get("security", [])
    ]


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
