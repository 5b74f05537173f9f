"""The REST API's addresses. Each is guarded: whatever happens below, the answer is a problem document."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from affidavit.api.app import api
from affidavit.api.errors import MalformedAddress, MethodNotAllowed, respond
from affidavit.api.limits import limit_of, too_large_detail
from affidavit.api.reference import problem_page, reference
from affidavit.kit.errors import TooLarge

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """Wrap a view so that sizes, odd addresses, methods and stray exceptions are answered as problems."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            _check(request)
            response = view(request, *args, **kwargs)
            if response.status_code == 405:
                response = _method_not_allowed(request, response)
        except Exception as error:  # noqa: BLE001 - the last resort: logged and answered as a problem
            response = respond(request, error)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return csrf_exempt(wrapped)  # a session's requests are checked by `auth.Session`


def _check(request: HttpRequest) -> None:
    limit = limit_of(request.path)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > limit:
        raise TooLarge(too_large_detail(limit), extra={"limit_bytes": limit})
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise MalformedAddress("The address holds U+0000 (NUL), which names nothing here.")


def _method_not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    allowed = response.headers["Allow"]
    error = MethodNotAllowed(f"{request.method} is not for this address; it takes: {allowed}.")
    answered = respond(request, error)
    answered["Allow"] = allowed
    return answered


def _unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise Http404


def _patterns() -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in api.urls[0]:
        assert not isinstance(pattern, URLResolver)
        pattern.callback = guarded(pattern.callback)
        found.append(pattern)
    return found


urlpatterns = [
    path("api/v1/reference", guarded(reference), name="api-reference"),
    path("problems/<slug:code>", guarded(problem_page), name="problem"),
    path("api/v1/", include((_patterns(), "ninja"), namespace="api-v1")),
    re_path(r"^api(?:/(?P<rest>.*))?$", guarded(_unknown)),
]
