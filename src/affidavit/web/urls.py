"""The pages' addresses."""

from __future__ import annotations

from django.urls import path, re_path

from affidavit.web.views import audit, evidence, exports, record, runbook, session, settings

urlpatterns = [
    path("", runbook.home, name="home"),
    path("sign-in", session.sign_in, name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("organization", session.organization_switch, name="organization-switch"),
    path("audit", audit.audit, name="audit"),
    path("audit/arrivals", audit.arrivals, name="audit-arrivals"),
    path("audit/charts", audit.charts, name="audit-charts"),
    path("audit/saved", audit.saved_filter_save, name="saved-filter-save"),
    path("audit/saved/<int:pk>/delete", audit.saved_filter_delete, name="saved-filter-delete"),
    path("audit/export", exports.export_new, name="export-new"),
    re_path(r"^audit/records/(?P<record_id>[A-Za-z0-9._:-]{1,64})$", record.record, name="record"),
    re_path(
        r"^audit/records/(?P<record_id>[A-Za-z0-9._:-]{1,64})/(?P<revision>[0-9]{1,9})/(?P<part>header|body)$",
        record.raw,
        name="record-raw",
    ),
    path("exports", exports.exports, name="exports"),
    path("exports/<str:export_id>", exports.export, name="export"),
    path("exports/<str:export_id>/cancel", exports.cancel, name="export-cancel"),
    path("exports/<str:export_id>/files/<str:name>", exports.download, name="export-download"),
    re_path(r"^evidence/(?P<sha256>[0-9a-f]{64})$", evidence.evidence, name="evidence"),
    re_path(r"^r/(?P<number>[0-9]{1,18})$", runbook.runbook, name="runbook"),
    path("settings", settings.settings, name="settings"),
    path("settings/time-zone", settings.time_zone, name="time-zone"),
    path("settings/theme", settings.theme, name="theme"),
    path("settings/tokens", settings.token_create, name="token-create"),
    path("settings/tokens/<int:pk>/revoke", settings.token_end, name="token-revoke"),
]
