"""Every address of the service: pages at the root, the REST API below /api/v1/."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("affidavit.api.urls")),
    path("", include("affidavit.web.urls")),
]
