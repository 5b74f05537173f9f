"""Take the pictures of the README from the demo's trail (`make pictures`, after `make demo`).

Needs Chromium and poppler-utils, which `make test` installs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
HOME = ROOT / "var" / "demo"
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 860


def audit_view(target: Path) -> None:
    """Sign in as the demo's admin and picture the audit view."""
    os.environ["AFFIDAVIT_HOME"] = str(HOME)
    os.environ.pop("AFFIDAVIT_DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "affidavit.config.settings"
    import django
    from playwright.sync_api import sync_playwright

    from tests.support import browser

    django.setup()
    words = dict(line.split(": ") for line in (HOME / "sign-in.txt").read_text().splitlines())
    with browser.serve() as site, sync_playwright() as playwright:
        context = browser.new_context(browser.launch(playwright), base_url=site.url)
        page = context.new_page()
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.goto("/sign-in")
        page.get_by_label("Username").fill(words["username"])
        page.get_by_label("Password", exact=True).fill(words["password"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/audit*")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=target)


def pdf_manifest(target: Path) -> None:
    """Picture the first page of the demo's PDF."""
    pdf = next(path for path in (ROOT / "out").glob("audit*.pdf"))
    command = ["pdftoppm", "-png", "-singlefile", "-f", "1", "-scale-to", "1100", str(pdf)]
    with TemporaryDirectory() as folder:
        subprocess.run([*command, f"{folder}/page"], check=True)
        target.write_bytes(Path(folder, "page.png").read_bytes())


def main() -> None:
    """Take every picture."""
    if not (HOME / "sign-in.txt").exists():
        sys.exit("pictures: there is no trail yet; make demo records one.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    pdf_manifest(IMAGES / "pdf-manifest.png")
    audit_view(IMAGES / "audit-view.png")
    print(*sorted(path.relative_to(ROOT) for path in IMAGES.glob("*.png")), sep="\n")


if __name__ == "__main__":
    main()
