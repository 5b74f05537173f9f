"""Each format, asked for in the page, downloaded, and read."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import Scene, count_shown, sign_in


def download(page: Page, wanted: str, query: str) -> Path:
    page.goto(f"/audit?{query}")
    page.get_by_role("link", name="Export", exact=True).click()
    page.locator(f"input[name=format][value={wanted}]").check()
    page.get_by_role("button", name="Create the export").click()
    expect(page.get_by_role("heading", name="Ready")).to_be_visible(timeout=120_000)
    with page.expect_download() as waiting:
        page.locator(".export-file a").first.click()
    path: Path = waiting.value.path()
    return path


@pytest.fixture
def ids(page: Page, scene: Scene) -> list[str]:
    sign_in(page)
    page.goto("/audit?status=fail&per=100")
    found = page.locator(".row-link").evaluate_all("all => all.map(a => a.pathname.split('/')[3])")
    assert len(found) == count_shown(page) > 3
    return sorted(found)


def test_json_holds_what_is_on_the_screen(page: Page, ids: list[str]) -> None:
    document = json.loads(download(page, "json", "status=fail").read_bytes())
    assert sorted(item["record_id"] for item in document["records"]) == ids
    assert document["manifest"]["rows"]["total_exported"] == len(ids)


def test_newline_delimited_json_holds_what_is_on_the_screen(page: Page, ids: list[str]) -> None:
    lines = download(page, "ndjson", "status=fail").read_text().splitlines()
    assert sorted(json.loads(line)["record_id"] for line in lines) == ids


def test_csv_holds_what_is_on_the_screen(page: Page, ids: list[str]) -> None:
    with download(page, "csv", "status=fail").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["record_id"] for row in rows) == ids


def test_pdf_holds_what_is_on_the_screen(page: Page, ids: list[str]) -> None:
    reader = pypdf.PdfReader(download(page, "pdf", "status=fail"))
    text = "".join(page.extract_text() for page in reader.pages)
    squeezed = "".join(text.split())
    assert all(record_id.replace("-", "") in squeezed.replace("-", "") for record_id in ids)


def test_the_package_holds_all_of_them_and_verifies(
    page: Page, scene: Scene, ids: list[str]
) -> None:
    from affidavit.ledger import keys
    from affidavit.proof.package import verify

    path = download(page, "package", "status=fail")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        lines = archive.read("records.ndjson").decode().splitlines()
    assert {"manifest.json", "checkpoint", "headers.ndjson", "audit.json", "audit.csv"} <= names
    assert sorted(json.loads(line)["record_id"] for line in lines) == ids
    vkey = keys.signer(organization=scene.trail.organization).vkey
    assert verify(path, vkeys=[vkey]).accepted
