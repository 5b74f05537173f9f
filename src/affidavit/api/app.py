"""The API itself: its routers, its parser and renderer, its way with exceptions."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.renderers import BaseRenderer

from affidavit import __version__
from affidavit.api import errors, evidence, exports, openapi, records, runbooks, runs
from affidavit.api.auth import Token
from affidavit.api.body import StrictParser
from affidavit.kit.errors import AffidavitError

_DESCRIPTION = (
    "Record changes and what was verified about them; read and export the trail. Every error is a problem"
    " document (RFC 9457). Times are RFC 3339 UTC with microseconds."
)


class OrjsonRenderer(BaseRenderer):
    """Answers in JSON, for the few answers that ninja renders."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """Return the bytes of `data`."""
        return orjson.dumps(data)


class Api(NinjaAPI):
    """Ninja's API with short operation ids and a complete OpenAPI document."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the view's name: they are unique, and a test holds them to it."""
        return operation.view_func.__name__

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the OpenAPI 3.1 document."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        openapi.complete(document, self._scopes())
        return document

    def _scopes(self) -> dict[str, list[str]]:
        return {
            self.get_openapi_operation_id(operation): [scope.value for scope in way.scopes]
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            for way in operation.auth_callbacks
            if isinstance(way, Token)
        }


def _respond(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return errors.respond(request, error if isinstance(error, Exception) else error())


api = Api(
    title="Affidavit",
    version=__version__,
    description=_DESCRIPTION,
    urls_namespace="api-v1",
    openapi_url="/openapi.json",
    docs_url=None,  # ninja's page loads its scripts from elsewhere; `reference` is ours
    parser=StrictParser(),
    renderer=OrjsonRenderer(),
)
for _router in (runbooks.router, runs.router, evidence.router, records.router, exports.router):
    api.add_router("", _router)
for _kind in (AffidavitError, ValidationError, HttpError, Http404, Exception):
    api.add_exception_handler(_kind, _respond)
