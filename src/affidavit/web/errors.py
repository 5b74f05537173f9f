"""Errors as pages: which status an error has, and the page that explains it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from affidavit.kit.errors import (
    AffidavitError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSetUp,
    TooLarge,
    TooMany,
)

STATUS: dict[type[AffidavitError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    NotSetUp: HTTPStatus.SERVICE_UNAVAILABLE,
}

_TITLES = {
    HTTPStatus.BAD_REQUEST: "This request can't be read",
    HTTPStatus.FORBIDDEN: "You may not see this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.CONFLICT: "This contradicts what is recorded",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is too large",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something must be set up first",
}


def error_page(request: HttpRequest, error: AffidavitError) -> HttpResponse:
    """Return the page for an error that a person can act on, with its status."""
    status = STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    return _page(request, status, error.message)


def _page(request: HttpRequest, status: HTTPStatus, message: str) -> HttpResponse:
    context = {"status": status.value, "title": _TITLES[status], "message": message}
    response = render(request, "web/error.html", context, status=status)
    if request.headers.get("HX-Request") == "true":
        # The error takes the place of the whole page, not of the part that was asked for.
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    response.headers["Cache-Control"] = "no-store, private"
    return response
