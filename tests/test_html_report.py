"""The HTML report as text: complete, self-contained, harmless, the same in every run. What only a browser can tell: test_html_browser."""

import base64
import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from markupsafe import Markup

import sample_report
from html_reading import Document, ready, sample_html
from mapguard.base.gap import Gap, Reason
from mapguard.findings.model import Guard, HeldLock, Report
from mapguard.findings.suppress import Notice
from mapguard.report import html_page
from mapguard.report.context import Context
from mapguard.report.diagram import WIDTH, diagram, short
from mapguard.report.links import line_link
from mapguard.report.words import guarding

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_ELEMENTS = frozenset(
    """html head meta title style body a header p b span button h1 div aside label input details summary form fieldset legend select option
    main h2 article h3 code dl dt dd figure svg g text tspan path circle rect figcaption section h4 ol li pre mark ul table thead tbody tr
    th td wbr dialog kbd script""".split()
)


@pytest.fixture
def page(tmp_path: Path) -> Document:
    return Document(sample_html(tmp_path, ready(sample_report.report())))


def only(finding: str, tmp_path: Path, **context: str) -> Document:
    report = Report(".", (getattr(sample_report, finding)(),))
    return Document(sample_html(tmp_path, ready(report), **context))


# ------------------------------------------------------------ one harmless file


def test_policy_allows_only_what_is_in_the_file(tmp_path: Path) -> None:
    text = sample_html(tmp_path, ready(sample_report.report()))
    page = Document(text)
    policy = next(e for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy").attributes["content"]
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name in ("style", "script"):
        inline = page.one(name).text.encode()
        assert rules[f"{name}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(inline).digest()).decode()}'"
    # the policy rules only what follows it
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<body>")


def test_no_element_or_attribute_that_loads_or_runs_anything(tmp_path: Path) -> None:
    page = Document(sample_html(tmp_path, ready(sample_report.report()), remote="https://github.com/o/n", commit=_COMMIT))
    assert {e.name for e in page.elements} <= _ELEMENTS
    for e in page.elements:
        for name, value in e.attributes.items():
            assert not name.startswith("on") and name not in ("style", "src", "srcset", "action", "formaction", "xlink:href"), (
                e.name,
                name,
            )
            assert name != "href" or re.match(r"#[\w-]+$|https://github\.com/o/n/blob/[0-9a-f]{40}/", value), value
    for anchor in (e.attributes["href"][1:] for e in page.all("a") if e.attributes["href"].startswith("#")):
        assert anchor in {e.attributes.get("id") for e in page.elements}, anchor


def test_code_stays_text(page: Document) -> None:
    assert len(page.all("script")) == 1
    shown = page.one("main").text
    assert "<img src=x onerror=alert('e')>" in shown
    assert "<script>alert(reason)</script>" in shown  # 'reason' has become code
    assert "<b>Add.func1</b>" in shown
    assert "<b>big</b>.go" in shown
    assert '// <script>alert("x")</script>' in shown
    assert "{{ 7*7 }}" in shown


def test_no_control_or_direction_character(tmp_path: Path) -> None:
    text = sample_html(tmp_path, ready(sample_report.report()))
    assert "\x1b" in sample_report.hostile().accesses[0].expression
    assert [c for c in text if not c.isprintable() and c not in "\n\t"] == []


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    finding = sample_report.unguarded()
    access = msgspec.structs.replace(finding.accesses[0], path="pkg/\udcff.go", trace=())
    report = Report(".", (msgspec.structs.replace(finding, accesses=(access, access)),))
    sample_html(tmp_path, ready(report), remote="https://github.com/o/n", commit=_COMMIT).encode("utf-8")


def test_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
    assert sample_html(first, ready(sample_report.report())) == sample_html(second, ready(sample_report.report()))


# ------------------------------------------------------------ what a finding shows


def test_the_configuration_in_force_is_at_the_top(page: Document) -> None:
    texts = [found.text for found in page.all("p", "force")]
    assert texts == [
        "Configuration: mapguard.toml; exclude = <b>*</b>\N{REPLACEMENT CHARACTER}[31m; fail-on = error.",
        "Left out: 2 excluded files and folders, 1 vendor folder.",
        "Not shown: 1 finding because of these settings.",
    ]


def test_head_and_summary(page: Document) -> None:
    assert page.one("title").text == "mapguard: 3 findings in example.com/flyte"
    facts = page.one("p", "facts").text
    assert "2 errors" in facts and "1 warning" in facts and "2 gaps in the analysis" in facts


def test_facets_count_findings(page: Document) -> None:
    boxes = {(e.attributes["name"], e.attributes["value"]) for e in page.all("input") if e.attributes["type"] == "checkbox"}
    assert {("severity", "error"), ("confidence", "low"), ("rule", "map-guard-missed")} <= boxes
    assert [e.text for e in page.all("option")][-4:] == ["All 3", "internal/registry (1)", "pkg/manager (1)", "pkg/we ird#1 (1)"]


def test_threads_have_every_step_with_its_locks(tmp_path: Path) -> None:
    page = only("guard_missed", tmp_path)
    a, b = page.all("div", "thread")
    assert "a caller of the exported (*Registry).Each" in a.text and "iterates over the map" in a.text and "no lock" in a.text
    assert "(*Registry).Watch starts a goroutine (*Registry).refresh" in b.text
    assert "(*Registry).refresh calls (*Registry).Add" in b.text
    assert [e.text.split() for e in page.all("p", "where")] == [
        ["internal/registry/registry.go:23", "no", "lock"],
        ["internal/registry/registry.go:29", "no", "lock"],
        ["internal/registry/registry.go:33", "no", "lock"],
        ["internal/registry/registry.go:13", "r.mu"],
    ]


def test_excerpts_stand_at_the_steps_and_mark_what_they_do(tmp_path: Path) -> None:
    page = only("guard_missed", tmp_path)
    assert "".join(e.text for e in page.all("mark")) == 'itemsr.itemsgo r.refresh()r.Add("tick", 1)r.items[name]'
    assert [e.text.strip() for e in page.all("code", "hit")] == [
        "items map[string]int // guarded by mu",
        "for name, n := range r.items {",
        "go r.refresh()",
        'r.Add("tick", 1)',
        "r.items[name] = n",
    ]


def test_guard_accesses_reasons_advice_patch_and_hint(tmp_path: Path) -> None:
    page = only("guard_missed", tmp_path)
    assert "r.mu is held at 2 of 3 accesses" in " ".join(page.one("article").text.split())
    rows = [" ".join(e.text.split()) for e in page.all("tr")]
    assert rows[1:] == [
        "A range r.items no lock (*Registry).Each internal/registry/registry.go:23",
        "B write r.items[name] r.mu (*Registry).Add internal/registry/registry.go:13",
        "read r.items[name] r.mu (read) (*Registry).Get internal/registry/registry.go:19",
    ]
    assert "parallel a goroutine runs (*Registry).refresh" in page.one("ul", "reasons").text
    assert [e.text.strip() for e in page.all("code", "add")] == ["+\tr.mu.RLock()", "+\tdefer r.mu.RUnlock()"]
    assert "//mapguard:ignore map-guard-missed why it is safe" in page.one("details", "more").text


def test_what_differs_between_callers_is_told_at_the_step_and_in_the_table(tmp_path: Path) -> None:
    finding = sample_report.guard_missed()
    note = "r.mu held by 1 of 2 callers; not by (*Server).Show"
    first, *others = (msgspec.structs.replace(a, note=note) for a in finding.accesses)
    report = Report(".", (msgspec.structs.replace(finding, accesses=(first, msgspec.structs.replace(others[0], trace=()), others[1])),))
    page = Document(sample_html(tmp_path, ready(report)))
    assert [e.text for e in page.all("span", "differs")] == [f"({note})"] * 5
    steps = [" ".join(e.text.split()) for e in page.all("p", "where")]
    assert [s for s in steps if note in s] == [
        f"internal/registry/registry.go:23 no lock ({note})",
        f"internal/registry/registry.go:13 r.mu ({note})",
    ]
    row = " ".join(page.all("tr")[-1].text.split())
    assert row == f"read r.items[name] r.mu (read) ({note}) (*Registry).Get internal/registry/registry.go:19"


def test_the_head_tells_how_many_files_were_asked_for(tmp_path: Path) -> None:
    stats = msgspec.structs.replace(sample_report.stats(), asked=1)
    page = Document(sample_html(tmp_path, ready(msgspec.structs.replace(sample_report.report(), stats=stats))))
    assert "4 files read for 1 asked, 80 lines" in " ".join(page.one("body").text.split())


def test_no_guard_is_no_claim_about_the_accesses(tmp_path: Path) -> None:
    assert "Guardnone was found" in " ".join(only("unguarded", tmp_path).one("article").text.split())


def test_two_goroutines_in_the_same_code_are_told_once(tmp_path: Path) -> None:
    finding = sample_report.unguarded()
    report = Report(".", (msgspec.structs.replace(finding, accesses=(finding.accesses[0], finding.accesses[0])),))
    page = Document(sample_html(tmp_path, ready(report)))
    assert len(page.all("ol", "steps")) == 1
    assert "the same code, at the same time" in page.all("div", "thread")[1].text


def test_steps_without_source_tell_what_they_do(tmp_path: Path) -> None:
    finding = sample_report.unguarded()
    lost = msgspec.structs.replace(finding.accesses[0].trace[0], path="gone.go", text="calls f: x := f()")
    access = msgspec.structs.replace(finding.accesses[0], trace=(lost, finding.accesses[0].trace[-1]))
    report = Report(".", (msgspec.structs.replace(finding, accesses=(access, finding.accesses[1])),))
    assert "calls f: x := f()" in Document(sample_html(tmp_path, ready(report))).all("p", "what")[0].text


def test_suppressed_gaps_and_notices(tmp_path: Path) -> None:
    report = msgspec.structs.replace(sample_report.suppressed_report(), gaps=sample_report.gaps())
    notices = (Notice("a.go", 7, "silences nothing"),)
    page = Document(sample_html(tmp_path, ready(report), notices=notices))
    text = page.one("main").text
    assert "only used at start-up" in text and "Registry.items" in text
    assert "SYNTAX" in text and "unexpected ')'" in text
    assert "a.go:7: silences nothing" in text


def test_gaps_are_folded_by_reason_with_what_they_hide(tmp_path: Path) -> None:
    path = sample_report.guard_missed().accesses[0].path
    found = (Gap(Reason.MODULE, "go.mod"), Gap(Reason.SYNTAX, path, 19, "did not parse"), Gap(Reason.SYNTAX, "gone.go", 7, "odd"))
    page = Document(sample_html(tmp_path, Report(".", (), gaps=found)))
    assert [" ".join(e.text.split()) for e in page.all("details", "gaps")] == [
        f"SYNTAX: did not parse 2 places {path}:19 in (*Registry).Get: did not parse gone.go:7: odd",
        "MODULE: module files that could not be read 1 place go.mod",
    ]
    assert all("open" not in e.attributes for e in page.all("details", "gaps"))


def test_a_guard_that_a_write_holds_for_reading_only_is_not_told_as_held(tmp_path: Path) -> None:
    """``is held at 1 of 1 access`` beside a finding that says that it is not enough would be read as the contrary."""
    f = sample_report.guard_missed()
    write = msgspec.structs.replace(f.accesses[1], locks=(HeldLock("r.mu", "read"),))
    f = msgspec.structs.replace(f, accesses=(write, write), guard=Guard("r.mu", 1, 0))
    told = "is held at the only access, but only for reading at the write in internal/registry/registry.go:13"
    assert guarding(f) == told
    assert f"r.mu {told}" in " ".join(Document(sample_html(tmp_path, ready(Report(".", (f,))))).one("article").text.split())
    assert guarding(msgspec.structs.replace(f, accesses=sample_report.guard_missed().accesses, guard=Guard("r.mu", 3, 0))) == (
        "is held at all 3 accesses"
    )
    assert guarding(sample_report.guard_missed()) == "is held at 2 of 3 accesses"


def test_nothing_found(tmp_path: Path) -> None:
    page = Document(sample_html(tmp_path, Report(".", (), stats=sample_report.stats())))
    assert page.one("h1").text == "No findings"
    assert page.all("aside") == [] and page.all("article") == []
    assert "Every file was read completely." in page.one("main").text


def test_findings_without_a_fingerprint_of_their_own_have_an_anchor(tmp_path: Path) -> None:
    finding = sample_report.unguarded()
    page = Document(sample_html(tmp_path, Report(".", (finding, finding))))
    anchors = [e.attributes["id"] for e in page.all("article")]
    assert len(set(anchors)) == 2


# ------------------------------------------------------------ links, prose, picture


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/o/n", f"https://github.com/o/n/blob/{_COMMIT}/a%20b/%C3%BC%23.go#L7"),
        ("https://git.example.com/o/n", f"https://git.example.com/o/n/blob/{_COMMIT}/a%20b/%C3%BC%23.go#L7"),
        ("https://gitlab.com/g/s/n", f"https://gitlab.com/g/s/n/-/blob/{_COMMIT}/a%20b/%C3%BC%23.go#L7"),
        ("https://codeberg.org/o/n", f"https://codeberg.org/o/n/src/commit/{_COMMIT}/a%20b/%C3%BC%23.go#L7"),
        ("https://bitbucket.org/o/n", f"https://bitbucket.org/o/n/src/{_COMMIT}/a%20b/%C3%BC%23.go#lines-7"),
        ("javascript:alert(1)//", ""),
        ("http://github.com/o/n", ""),
        ("", ""),
    ],
)
def test_links(remote: str, expected: str) -> None:
    assert line_link(Context(root=Path(), remote=remote, commit=_COMMIT), "a b/ü#.go", 7) == expected


@pytest.mark.parametrize("commit", ["", "main", "../../x", "0123456"])
def test_links_need_a_commit(commit: str) -> None:
    link = line_link(Context(root=Path(), remote="https://github.com/o/n", commit=commit), "a.go", 0)
    assert link == ("https://github.com/o/n/blob/0123456/a.go" if commit == "0123456" else "")


def test_places_link_to_their_line(tmp_path: Path) -> None:
    page = only("guard_missed", tmp_path, remote="https://github.com/o/n", commit=_COMMIT)
    address = f"https://github.com/o/n/blob/{_COMMIT}/internal/registry/registry.go#L23"
    assert address in [e.attributes["href"] for e in page.all("a", "place")]
    assert page.one("title").text.startswith("mapguard: 1 finding in github.com/o/n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Map 'a.b' in '<i>'", "Map <code>a.b</code> in <code>&lt;i&gt;</code>"),
        ("Put a sync.Mutex beside it.", "Put a <code>sync.Mutex</code> beside it."),
        ("runs (*T).Serve often", "runs <code>(*T).Serve</code> often"),
        ("at pkg/x.go:12 of 1.5", "at pkg/x.go:12 of 1.5"),
        ("it's <b>", "it&#39;s &lt;b&gt;"),
    ],
)
def test_names_in_sentences_are_code(text: str, expected: str) -> None:
    assert html_page.prose(text) == Markup(expected)


def test_names_break_after_dots_and_brackets_only() -> None:
    assert html_page.breakable("a/b.go:7") == Markup("a/<wbr>b.<wbr>go:7")
    assert html_page.breakable("(*T).m[<i>]") == Markup("(<wbr>*T).<wbr>m[<wbr>&lt;i&gt;]")
    assert html_page.breakable("") == ""


def test_picture_fills_dots_where_a_lock_is_held() -> None:
    missed, add, _ = sample_report.guard_missed().accesses
    picture = diagram(missed, add, "Registry.items")
    assert [dot.locked for dot in picture.lanes[0].dots] == [False]
    assert [dot.locked for dot in picture.lanes[1].dots] == [False, False, True]
    assert picture.lanes[0].locks == "no lock" and picture.lanes[1].locks == "r.mu"


@pytest.mark.parametrize("length", [0, 1, 40, 400])
def test_picture_stays_in_its_frame(length: int) -> None:
    access = sample_report.guard_missed().accesses[1]
    step = access.trace[0]
    picture = diagram(msgspec.structs.replace(access, trace=(step,) * length), access, "n" * length)
    left, width = picture.box
    assert left >= 0 and left + width <= WIDTH
    assert all(0 < dot.x < WIDTH for lane in picture.lanes for dot in lane.dots)
    assert len(short("n" * length, 20)) == min(length, 20)
