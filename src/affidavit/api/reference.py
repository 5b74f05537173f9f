"""Pages about the API for people: every route and every kind of problem. Plain HTML, no script."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from affidavit.api.app import api
from affidavit.api.errors import TABLE

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1>{content}</main></body></html>"
)


def reference(request: HttpRequest) -> HttpResponse:
    """List the routes with what they require, take and answer."""
    document = api.get_openapi_schema()
    content = format_html(
        '<p>{}</p><p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>{}'
        "<h2>Problems</h2><dl>{}</dl>",
        document["info"]["description"],
        format_html_join("", "{}", ((_route(*route),) for route in _routes(document))),
        format_html_join("", "<dt><code>{}</code> ({})</dt><dd>{}</dd>", _problems()),
    )
    return HttpResponse(format_html(_PAGE, title="Affidavit REST API", content=content))


def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one kind of problem: what the `type` of a problem document leads to."""
    for known, status, meaning in _problems():
        if known == code:
            content = format_html("<p>HTTP status {}. {}</p>", status, meaning)
            return HttpResponse(format_html(_PAGE, title=f"Problem: {code}", content=content))
    raise Http404


def _problems() -> list[tuple[str, int, str]]:
    rows: list[tuple[str, int, str]] = []
    for known, kind in TABLE:
        code = kind.code or getattr(known, "code", "error")
        if code not in [row[0] for row in rows]:
            meaning = kind.detail or (known.__doc__ or kind.title).strip()
            rows.append((code, kind.status, meaning))
    return rows


def _routes(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _route(method: str, path: str, operation: dict[str, Any]) -> SafeString:
    scopes: list[str] = next(
        (scopes for way in operation["security"] for scopes in way.values()), []
    )
    return format_html(
        "<section><h2><code>{} {}</code></h2><p>{}</p><p>Scope: {}. Answers: {}.</p></section>",
        method,
        path,
        operation.get("description", operation["summary"]),
        " or ".join(scopes),
        ", ".join(operation["responses"]),
    )
