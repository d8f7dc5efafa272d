"""The index page of a fleet in a real Chromium: search, filters, order, accessibility, hostile names."""

import importlib.resources
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, sync_playwright

import sample_report
from html_reading import ready
from mapguard.findings.rules import all_rules
from mapguard.fleet import pages
from mapguard.fleet.listing import Entry
from mapguard.fleet.run import report
from mapguard.fleet.state import Record
from mapguard.report import json
from mapguard.report.context import Context
from patience import HANG

_CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")]
EVIL = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"], timeout=1000 * HANG)
        yield browser
        browser.close()


@pytest.fixture
def page_of(tmp_path: Path) -> Path:
    """Two repositories with findings, one without, one that failed with a message that tries to be markup."""
    entries, records = [], []
    whole = ready(sample_report.report())
    for name, findings in (("a/many", whole.findings), ("b/few", whole.findings[:1]), ("c/none", ()), ("d/failed", ())):
        entry = Entry(name, tmp_path)
        file = report(tmp_path, entry, "json")
        file.parent.mkdir(exist_ok=True)
        text = json.render(msgspec.structs.replace(whole, findings=findings), Context(root=tmp_path, rules=all_rules()))
        file.write_text(text, "utf-8", "backslashreplace")
        failed = EVIL if name == "d/failed" else ""
        found = tuple(f.fingerprint for f in findings)
        records.append(Record(name=name, run=2, commit="0" * 40, found=found, before=() if name == "b/few" else found, failed=failed))
        entries.append(entry)
    pages.write(entries, records, tmp_path)
    return tmp_path / "index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser: Browser, page_of: Path, scheme: str) -> None:
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_of.as_uri())
    page.wait_for_function("document.getElementById('shown').textContent !== ''")
    page.evaluate(importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    assert page.evaluate("axe.run()")["violations"] == []
    assert complaints == []
    page.close()


def test_search_filters_and_order(browser: Browser, page_of: Path) -> None:
    page = browser.new_page()
    page.goto(page_of.as_uri())
    rows = page.locator("tbody tr:visible th")
    said = page.locator("#shown")
    assert rows.all_text_contents() == ["a/many", "b/few", "c/none", "d/failed"]
    assert said.text_content() == "4 findings in 4 repositories"
    page.fill("#search", "registry.items")
    assert (rows.all_text_contents(), said.text_content()) == (["a/many"], "1 finding in 1 repository")
    page.fill("#search", "c/none")
    assert rows.all_text_contents() == ["c/none"]
    page.click("#clear")
    page.check("#only-new")
    assert (rows.all_text_contents(), said.text_content()) == (["b/few"], "1 finding in 1 repository")
    page.click("#clear")
    page.check("input[name=rule][value=map-guard-missed]")
    assert rows.all_text_contents() == ["a/many"]
    page.click("#clear")
    page.click("thead button >> text=Repository")
    assert rows.all_text_contents() == ["a/many", "b/few", "c/none", "d/failed"]
    page.click("thead button >> text=Repository")
    assert rows.all_text_contents() == ["d/failed", "c/none", "b/few", "a/many"]
    page.click("thead button >> text=New")
    assert rows.all_text_contents()[0] == "b/few"
    assert page.locator("td.failed").text_content() == "<script>alert(1)</script>\ufffd[31m"
    page.close()
