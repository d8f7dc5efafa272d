"""The HTML report in a real Chromium, from disk and without network: filters, keys, themes, print, accessibility, hostile repositories."""

import importlib.resources
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import sample_report
from html_reading import ready, sample_html
from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context
from mapguard.report.html import render
from patience import HANG

_CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed"),
]

_WATCH = """
window.seen = [];
window.alert = (text) => window.seen.push("alert " + text);
addEventListener("securitypolicyviolation", (e) => window.seen.push(e.violatedDirective + " " + e.blockedURI));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # the sandbox needs rights that a container does not give; the pages are our own
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"], timeout=1000 * HANG)
        yield browser
        browser.close()


class Reader:
    """A page with what its script and its policy complained about."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(1000 * HANG)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.add_init_script(_WATCH)
        page.goto(file.as_uri())

    def shown(self) -> list[str]:
        return [str(name) for name in self.page.locator(".finding:visible h3").all_text_contents()]

    def open(self) -> list[str]:
        return [str(name) for name in self.page.locator(".finding:has(> details[open]):visible h3").all_text_contents()]

    def color(self, selector: str = "body") -> str:
        return str(self.page.evaluate("(s) => getComputedStyle(document.querySelector(s)).backgroundColor", selector))


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Iterator[Reader]:
    file = tmp_path / "report.html"
    file.write_text(sample_html(tmp_path, ready(sample_report.report())), "utf-8")
    context = browser.new_context(offline=True, color_scheme="light", viewport={"width": 1440, "height": 900})
    reader = Reader(context.new_page(), file)
    yield reader
    complaints, seen = reader.complaints, reader.page.evaluate("window.seen")
    context.close()
    assert (complaints, seen) == ([], [])
    assert all(url.startswith("file://") for url in reader.requests)


def _all() -> list[str]:
    return ["executionUserMetrics.ScheduledExecutionDelays", "größe", "Registry.items"]


def test_first_finding_is_open(reader: Reader) -> None:
    assert reader.shown() == _all()
    assert reader.open() == _all()[:1]


def test_facets_and_search_filter_together(reader: Reader) -> None:
    page = reader.page
    page.get_by_role("checkbox", name="error").check()
    assert reader.shown() == _all()[:2]
    assert page.locator("#shown").inner_text() == "2 of 3 findings"
    page.get_by_label("Search").fill("REGISTRY emitscheduled")
    assert reader.shown() == []
    page.get_by_label("Search").fill("adminservice emitscheduled")
    assert reader.shown() == _all()[:1]
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("() => document.querySelector('#shown').textContent === '3 findings'")
    assert reader.shown() == _all()
    assert not page.get_by_role("checkbox", name="error").is_checked()


def test_values_of_one_facet_add_up(reader: Reader) -> None:
    reader.page.get_by_role("checkbox", name="high").check()
    reader.page.get_by_role("checkbox", name="low").check()
    assert reader.shown() == _all()[:2]


def test_package_and_nothing_found(reader: Reader) -> None:
    page = reader.page
    page.get_by_label("Package").select_option(label="internal/registry (1)")
    assert reader.shown() == ["Registry.items"]
    page.get_by_role("checkbox", name="error").check()
    assert reader.shown() == []
    page.locator("#again").click()
    page.wait_for_function("() => document.querySelector('#none').hidden")
    assert reader.shown() == _all()


def test_findings_are_grouped_and_sorted(reader: Reader) -> None:
    page = reader.page
    headings = page.locator(".group:visible")
    page.get_by_label("Sort by").select_option(label="map")
    assert reader.shown() == _all()
    page.get_by_label("Sort by").select_option(label="place")
    assert reader.shown() == [_all()[2], _all()[0], _all()[1]]
    page.get_by_label("Group by").select_option(label="package")
    assert [" ".join(text.split()) for text in headings.all_inner_texts()] == [
        "example.com/flyte/internal/registry 1 finding",
        "example.com/flyte/pkg/manager 1 finding",
        "example.com/flyte/pkg/we ird#1 1 finding",
    ]
    page.get_by_role("checkbox", name="warning").check()
    assert headings.count() == 1
    page.get_by_role("checkbox", name="warning").uncheck()
    page.get_by_label("Group by").select_option(label="map")
    assert [text.split()[0] for text in headings.all_inner_texts()] == [_all()[2], _all()[0], _all()[1]]
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.finding').querySelector('h3').textContent") == _all()[0]
    page.get_by_label("Group by").select_option(label="nothing")
    page.get_by_label("Sort by").select_option(label="severity")
    assert headings.count() == 0
    assert reader.shown() == _all()


def test_a_closed_row_says_why(reader: Reader) -> None:
    rows = reader.page.locator(".finding summary .reason")
    assert [row.is_visible() for row in rows.all()] == [False, True, True]
    assert "Registry.items" in rows.nth(2).inner_text()


def test_the_remedy_is_seen_without_scrolling(reader: Reader) -> None:
    box = reader.page.get_by_role("heading", name="What to do").first.bounding_box()
    assert box is not None
    assert box["y"] < 450


@pytest.mark.parametrize(("width", "tab"), [(1440, 4), (390, 2)])
def test_a_tab_in_code_is_as_wide_as_it_should_be(reader: Reader, width: int, tab: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 900})
    reader.page.keyboard.press("e")
    columns = reader.page.evaluate("""() => {
      const line = [...document.querySelectorAll(".code > code.l")].find((l) => l.textContent.startsWith("\t"));
      const letter = line.appendChild(document.createElement("span"));
      letter.textContent = "0";
      const range = document.createRange();
      range.setStart(line.firstChild, 0);
      range.setEnd(line.firstChild, 1);
      return range.getBoundingClientRect().width / letter.getBoundingClientRect().width;
    }""")
    assert round(columns, 1) == tab


@pytest.mark.parametrize("width", [1440, 390])
def test_a_line_of_code_is_one_line_and_scrolls(reader: Reader, width: int) -> None:
    page = reader.page
    page.set_viewport_size({"width": width, "height": 900})
    page.keyboard.press("c")
    page.keyboard.press("e")
    page.wait_for_function("() => document.querySelectorAll('.finding details[open]').length >= 3")
    lines = page.evaluate("[...document.querySelectorAll('.code > code.l')].map((l) => l.getBoundingClientRect().height)")
    assert len({round(height) for height in lines}) == 1
    wide = page.evaluate("[...document.querySelectorAll('pre.code')].filter((c) => c.scrollWidth > c.clientWidth).map((c) => c.tabIndex)")
    assert set(wide) <= {0}
    assert wide or width > 400


def test_keys_walk_open_search_and_reset(reader: Reader) -> None:
    page = reader.page
    focused = "document.activeElement.closest('.finding')?.querySelector('h3').textContent"
    page.keyboard.press("c")
    assert reader.open() == []
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "größe"
    page.keyboard.press("Enter")
    assert reader.open() == ["größe"]
    page.keyboard.press("o")
    assert reader.open() == []
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.evaluate(focused) == _all()[0]
    page.keyboard.press("e")
    assert reader.open() == _all()
    page.keyboard.press("/")
    page.keyboard.type("jek")  # letters belong to the search now
    assert reader.shown() == []
    page.keyboard.press("Escape")
    assert reader.shown() == _all()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


def test_walking_skips_what_is_filtered_out(reader: Reader) -> None:
    page = reader.page
    page.get_by_label("Search").fill("registry.go")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="warning").check()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.finding').querySelector('h3').textContent") == "Registry.items"


def test_theme_follows_the_system_until_chosen_and_is_kept(reader: Reader) -> None:
    page = reader.page
    light = reader.color()
    page.emulate_media(color_scheme="dark")
    dark = reader.color()
    assert light == "rgb(255, 255, 255)" and dark != light
    page.keyboard.press("t")
    assert reader.color() == light
    page.keyboard.press("t")
    page.emulate_media(color_scheme="light")
    assert reader.color() == dark
    page.reload()
    assert reader.color() == dark
    page.get_by_role("button", name="Theme").click()
    assert reader.color() == light


def test_address_of_a_finding_opens_it(reader: Reader) -> None:
    page = reader.page
    anchor = page.locator(".finding").nth(2).get_attribute("id")
    page.get_by_role("checkbox", name="error").check()
    page.evaluate("(id) => { location.hash = id; }", anchor)
    page.wait_for_function("(id) => document.getElementById(id).querySelector('details').open", arg=anchor)
    assert "Registry.items" in reader.shown()


def test_print_shows_every_finding_open_on_white(reader: Reader) -> None:
    page = reader.page
    page.keyboard.press("t")
    page.keyboard.press("t")
    page.get_by_role("checkbox", name="error").check()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert reader.open() == _all()[:2]
    assert reader.color() == "rgb(255, 255, 255)"
    assert not page.locator("aside").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert reader.open() == _all()[:1]
    assert page.pdf().startswith(b"%PDF")
    assert reader.open() == _all()[:1]


def test_without_script_everything_can_be_read(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(sample_html(tmp_path, ready(sample_report.report())), "utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(1000 * HANG)
    page.goto(file.as_uri())
    step = page.get_by_text("calls (*Registry).Add")
    assert not step.is_visible()
    page.locator(".finding h3").nth(2).click()
    assert step.is_visible()
    assert not page.get_by_label("Search").is_visible()
    context.close()


@pytest.mark.parametrize("width", [1440, 768, 390, 320])
def test_nothing_runs_out_of_the_window(reader: Reader, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 900})
    reader.page.keyboard.press("e")
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(reader: Reader, width: int, scheme: Literal["light", "dark"]) -> None:
    page = reader.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("e")
    for more in page.locator(".more > summary").all():
        more.click()
    page.evaluate(importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [f"{v['id']}: {n['html'][:120]} {n['any'][0]['message'] if n['any'] else ''}" for v in found for n in v["nodes"]] == []


def test_hostile_repository(browser: Browser, tmp_path: Path) -> None:
    """Everything a repository can name is markup here: the folder, the file, the module, comments, keys, struct tags."""
    evil = "<script>alert(1)</script>"
    attack = "\"'><img src=x onerror=alert(2)><svg onload=alert(3)></script></style><!--"
    root = tmp_path / "repo"
    folder = root / "<img src=x onerror=alert(4)>"
    folder.mkdir(parents=True)
    (root / "go.mod").write_text(f"module example.com/x{attack.replace(' ', '')}\n\ngo 1.22\n", "utf-8")
    file = folder / "a\"'onclick=alert(5) <b>.go"
    file.write_text(
        f'package main\n\nimport "net/http"\n\n// {evil} {attack}\nvar m = map[string]int{{}} // {evil}\n\n'
        f"func serve(w http.ResponseWriter, r *http.Request) {{\n\t/* {evil} */ m[`{attack}{evil}`] = 1 // {attack}\n}}\n\n"
        'func main() {\n\thttp.HandleFunc("/", serve) // ]]>{{ 7*7 }}\n\thttp.ListenAndServe(":1", nil)\n}\n',
        "utf-8",
    )
    report = pipeline.run(Options(paths=(root,), cache=False))
    assert [f.rule for f in report.findings] == ["concurrent-map-write"]
    out = tmp_path / "report.html"
    out.write_text(render(report, Context(root=root, rules=all_rules(), remote=f"https://github.com/o/{attack}", commit="0" * 40)), "utf-8")
    page = browser.new_page()
    reader = Reader(page, out)
    page.keyboard.press("e")
    for summary in page.locator(".more > summary").all():
        summary.click()
    page.locator("#search").fill("serve")
    assert len(reader.shown()) == 1
    assert page.evaluate("window.seen") == []
    assert reader.complaints == []
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, [onclick], [onerror], [onload], [style]").count() == 0
    assert evil in (page.locator("main").text_content() or "")
    assert reader.requests == [out.as_uri()]
    page.close()


def test_policy_stops_what_would_slip_through(browser: Browser, tmp_path: Path) -> None:
    """Were escaping to fail one day, the file's own policy is the second wall: this is what it stops."""
    file = tmp_path / "report.html"
    slipped = "<script>alert(1)</script><img src=x onerror=alert(2)><style>body{display:none}</style><main "
    file.write_text(sample_html(tmp_path, ready(sample_report.report())).replace("<main ", slipped, 1), "utf-8")
    page = browser.new_page()
    reader = Reader(page, file)
    assert sorted({text.split()[0] for text in page.evaluate("window.seen")}) == [
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "style-src-elem",
    ]
    assert reader.shown() == _all()
    page.close()


class Costs:
    """A page that counts the processor seconds of its main thread."""

    def __init__(self, browser: Browser, folder: Path, findings: int) -> None:
        file = folder / f"{findings}.html"
        file.write_text(sample_html(folder, sample_report.many(findings)), "utf-8")
        self.page = browser.new_page()
        self.page.set_default_timeout(1000 * HANG)
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(file.as_uri())
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def seconds(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


def test_a_thousand_findings(browser: Browser, tmp_path: Path) -> None:
    """Ten times as many findings cost about ten times as much, and a search costs less than to open the page."""
    some, many = Costs(browser, tmp_path, 100), Costs(browser, tmp_path, 1000)
    opened = many.seconds()
    assert opened < 20 * some.seconds()
    many.page.evaluate("""() => new Promise((done) => {
      const field = document.getElementById("search");
      field.value = "registry";
      field.dispatchEvent(new Event("input"));
      requestAnimationFrame(() => requestAnimationFrame(done));
    })""")
    assert many.seconds() < 2 * opened
    assert many.page.locator("#shown").inner_text() == "333 of 1,000 findings"
