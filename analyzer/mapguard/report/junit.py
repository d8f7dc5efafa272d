"""The report as JUnit XML, which every build server shows: a finding is a failed test, a rule without findings a passed one.

Names hold no line numbers: a server that compares two runs finds the same test again when code moves.
"""

from xml.etree.ElementTree import Element

from mapguard.findings.model import Finding, Report
from mapguard.report import brief
from mapguard.report.context import Context
from mapguard.report.terminal import counted
from mapguard.report.words import held
from mapguard.report.xml import document, element

_GAPS = 20


def render(report: Report, context: Context) -> str:
    """One suite. What was not analysed makes its last test a skipped one."""
    rules = sorted({r.id for r in context.rules} | {f.rule for f in report.findings})
    found = {rule: [f for f in report.findings if f.rule == rule] for rule in rules}
    tests = sum(max(len(findings), 1) for findings in found.values()) + 1
    suites = element("testsuites", name="mapguard", tests=tests, failures=len(report.findings), errors=0)
    skipped = 1 if report.gaps else 0
    suite = element("testsuite", suites, name="mapguard", tests=tests, failures=len(report.findings), errors=0, skipped=skipped)
    for rule, findings in found.items():
        for f in findings:
            _failed(suite, f)
        if not findings:
            element("testcase", suite, classname=f"mapguard.{rule}", name="nothing found")
    complete = element("testcase", suite, classname="mapguard", name="everything was analysed")
    if report.gaps:
        places = [f"{gap.path}:{gap.line} {gap.reason} {gap.detail}".strip() for gap in report.gaps[:_GAPS]]
        more = [f"and {len(report.gaps) - _GAPS} more"] if len(report.gaps) > _GAPS else []
        text = "\n".join([*places, *more])
        element("skipped", complete, text, message=f"{counted(len(report.gaps), 'gap')} in what was analysed")
    return document(suites)


def _failed(suite: Element, f: Finding) -> None:
    first = f.accesses[0]
    case = element("testcase", suite, classname=f"mapguard.{f.rule}", name=f"{f.map.title} in {first.function} ({f.fingerprint})")
    place = f"{first.path}:{first.line}:{first.column}"
    lines = [f"{place}: {f.severity}, {f.confidence} confidence", *brief.sentences(f), ""]
    for label, access in zip("AB", f.accesses[: f.racing], strict=False):
        if label == "B" and access == first:
            lines.append("goroutine B: the same code, run by another goroutine at the same time")
        else:
            lines += [f"goroutine {label}:", *(f"  {s.path}:{s.line}: {s.text} ({held(s.locks)})" for s in access.trace)]
    element("failure", case, "\n".join(lines), type=f.rule, message=f"{place}: {f.message}")
