"""The report as SARIF 2.1.0, shaped for GitHub code scanning: what it shows, how it tells alerts apart, and its limits."""

import gzip
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from mapguard.base.gap import Gap
from mapguard.base.span import Place
from mapguard.findings.model import Access, Advice, Finding, Report, Severity, Step
from mapguard.findings.rules import Rule
from mapguard.findings.words import VERBS
from mapguard.report import channel
from mapguard.report import sarif_model as sarif
from mapguard.report.context import Context
from mapguard.report.excerpt import short
from mapguard.report.fingerprint import line_hashes
from mapguard.report.fixes import replacements
from mapguard.report.inforce import sentences
from mapguard.report.pages import HOME
from mapguard.report.source import SourceLines
from mapguard.report.words import held, held_at, many, provenance, root_kind

RESULTS = 5_000  # code scanning shows no more
STEPS = 500  # of one thread: 1,000 of a result are shown
NOTIFICATIONS = 1_000
GZIPPED = 9_500_000  # 10 MB are refused
_LONG = 1_000  # characters of one text
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}


def render(report: Report, context: Context) -> str:
    """One run with all rules, results even when there are none; what does not fit is cut from the end and said so."""
    writer = _Writer(context)
    results = [writer.result(f) for f in report.findings[:RESULTS]]
    while True:
        text = _text(report, context, writer, results)
        size = len(gzip.compress(text.encode("utf-8", "backslashreplace"), 6, mtime=0)) if len(text) > GZIPPED else 0
        if size <= GZIPPED or not results:
            return text
        results = results[: len(results) * GZIPPED // size * 9 // 10]


def _text(report: Report, context: Context, writer: "_Writer", results: list[sarif.Result]) -> str:
    notifications = [writer.notification(gap) for gap in report.gaps[:NOTIFICATIONS]]
    if len(report.gaps) > NOTIFICATIONS:
        notifications.append(_note(f"{len(report.gaps) - NOTIFICATIONS} more gaps are left out; the JSON report lists all of them."))
    cut = len(report.findings) - len(results)
    if cut:
        notifications.append(_note(f"{cut} of {len(report.findings)} findings, the least severe ones, are left out to stay within limits."))
    told = tuple(_note(sentence) for sentence in sentences(report.in_force))
    run = sarif.Run(
        tool=sarif.Tool(driver=_driver(context)),
        invocations=(
            sarif.Invocation(
                execution_successful=not report.gaps,
                tool_execution_notifications=tuple(notifications),
                tool_configuration_notifications=told,
            ),
        ),
        original_uri_base_ids={_ROOT: sarif.Described(description=sarif.Message(text="The root of the repository."))},
        column_kind="utf16CodeUnits",
        results=tuple(results),
        version_control_provenance=_provenance(context),
        automation_details=sarif.Automation(id=f"{context.category.rstrip('/')}/") if context.category else msgspec.UNSET,
    )
    log = sarif.Log(_SCHEMA, "2.1.0", (run,))
    return channel.indented(log)


def _driver(context: Context) -> sarif.ToolComponent:
    rules = tuple(_rule(r) for r in sorted(context.rules, key=lambda r: r.id))
    return sarif.ToolComponent(
        name="mapguard", semantic_version=context.version, version=context.version, information_uri=HOME, rules=rules
    )


def _rule(r: Rule) -> sarif.ReportingDescriptor:
    return sarif.ReportingDescriptor(
        id=r.id,
        name=r.name,
        short_description=sarif.Text(text=r.short),
        full_description=sarif.Text(text=r.full),
        help=sarif.Text(text=r.full, markdown=r.doc),
        default_configuration=sarif.Configuration(level=_LEVELS[r.severity]),
        properties=sarif.RuleProperties(r.precision, _PROBLEMS[r.severity], tuple(sorted(r.tags))),
    )


def _provenance(context: Context) -> tuple[sarif.Revision, ...] | msgspec.UnsetType:
    if not (context.remote and context.commit):
        return msgspec.UNSET
    return (sarif.Revision(repository_uri=context.remote, revision_id=context.commit, mapped_to={"uriBaseId": _ROOT}),)


def _note(text: str) -> sarif.Notification:
    return sarif.Notification(level="note", message=sarif.Message(text=short(text, _LONG)))


class _Writer:
    """Findings to results. Reads the source for columns in UTF-16 code units and for GitHub's line hashes."""

    def __init__(self, context: Context) -> None:
        self._source = SourceLines(context.root)
        self._rules = {r.id: number for number, r in enumerate(sorted(context.rules, key=lambda r: r.id))}
        self._hashes: dict[str, list[str]] = {}

    def result(self, f: Finding) -> sarif.Result:
        first = f.accesses[0]
        racing = f.accesses[: f.racing]
        related: list[sarif.Location] = []
        sentences = [_plain(f.message)]
        other = racing[-1]
        if (other.path, other.line) != (first.path, first.line):
            related.append(self._location(other, f"The other side: {other.function} {VERBS[other.op]} the map, {held_at(other)}.", 1))
            sentences.append(f"The other side is in [{_link(f'{other.path}:{other.line}')}](1).")
        if f.map.declared is not None:
            declared, number = f.map.declared, len(related) + 1
            related.append(self._location(declared, "The map is declared here.", number))
            sentences.append(f"The map is declared in [{_link(f'{declared.path}:{declared.line}')}]({number}).")
        for access in f.accesses[f.racing :]:
            text = f"Another access: {access.function} {VERBS[access.op]} the map, {held_at(access)}."
            related.append(self._location(access, text))  # without a number: the message does not link to it
        sentences.append(f"Fix: {_plain(f.advice.text)}")
        return sarif.Result(
            rule_id=f.rule,
            rule_index=self._rules.get(f.rule),
            level=_LEVELS[f.severity],
            message=sarif.Message(text=" ".join(sentences)),
            locations=(self._location(first, f"{first.function} {VERBS[first.op]} the map, {held_at(first)}."),),
            related_locations=tuple(related),
            code_flows=tuple(self._flows(f)),
            partial_fingerprints=self._fingerprints(f),
            fixes=tuple(_fixes(f.advice)),
            properties={"confidence": str(f.confidence), "remedy": _remedy(f.advice)},
        )

    def notification(self, gap: Gap) -> sarif.Notification:
        region = sarif.Region(start_line=gap.line) if gap.line > 0 else None
        where = sarif.Location(physical_location=sarif.PhysicalLocation(artifact_location=_artifact(gap.path), region=region))
        text = f"{gap.path or 'The tree'} was not analysed in full: {str(gap.reason).lower()}{f', {gap.detail}' if gap.detail else ''}."
        return sarif.Notification(level="warning", message=sarif.Message(text=short(text, _LONG)), locations=(where,) if gap.path else ())

    # ------------------------------------------------------------ threads

    def _flows(self, f: Finding) -> Iterator[sarif.CodeFlow]:
        """How the two goroutines come to their accesses, and how they come to have one map."""
        threads = [self._thread(label, access) for label, access in zip("AB", f.accesses[: f.racing], strict=False) if access.trace]
        if threads:
            yield sarif.CodeFlow(message=sarif.Message(text="How the two goroutines come to the map."), thread_flows=tuple(threads))
        ways = [self._way(label, steps) for label, steps in provenance(f)]
        if ways:
            text = f"Where the map is made, and how each goroutine gets it; between them: {f.sharing.apart}."
            yield sarif.CodeFlow(message=sarif.Message(text=_plain(text)), thread_flows=tuple(ways))

    def _way(self, label: str, steps: tuple[Step, ...]) -> sarif.ThreadFlow:
        what = "the map is made" if label == "made" else f"how {label} get{'' if ' ' in label else 's'} the map"
        locations = tuple(
            sarif.ThreadFlowLocation(location=self._location(step, short(step.text, _LONG // 2)), importance="important")
            for step in steps[:STEPS]
        )
        return sarif.ThreadFlow(id=label, message=_message(what), locations=locations)

    def _thread(self, label: str, access: Access) -> sarif.ThreadFlow:
        root = access.root
        at_once = ", many at a time" if root is not None and many(root) else ""
        start = f"{root_kind(root)} {root.name}{at_once}" if root is not None else "an unknown start"
        steps, cut = access.trace, len(access.trace) - STEPS
        if cut > 0:
            steps = (*steps[: STEPS - 1], steps[-1])
            start += f"; the {cut} steps before the last are left out"
        last = len(steps) - 1
        locations = tuple(
            sarif.ThreadFlowLocation(
                location=self._location(step, f"goroutine {label}: {short(step.text, _LONG // 2)} ({held(step.locks)})"),
                importance="essential" if number in (0, last) else "important",
            )
            for number, step in enumerate(steps)
        )
        return sarif.ThreadFlow(id=label, message=_message(f"goroutine {label}: from {start}"), locations=locations)

    # ------------------------------------------------------------ places

    def _location(self, at: Access | Step | Place, text: str, ident: int | None = None) -> sarif.Location:
        line = max(at.line, 1)
        start, end = self._columns(at.path, line, at.column, at.end_column)
        region = sarif.Region(start_line=line, start_column=start, end_line=line, end_column=end)
        place = sarif.PhysicalLocation(artifact_location=_artifact(at.path), region=region)
        return sarif.Location(id=ident, physical_location=place, message=_message(text))

    def _columns(self, path: str, line: int, column: int, end: int) -> tuple[int, int]:
        """Columns in UTF-16 code units; the end lies behind the start, and on the line as far as the line can be read."""
        column, end = max(column, 1), max(end, column + 1, 2)
        text = self._source.line(path, line)
        if not text:
            return column, end
        start = _units(text[: column - 1]) + 1
        return start, max(_units(text[: end - 1]) + 1, start + 1)

    def _fingerprints(self, f: Finding) -> dict[str, str]:
        first = f.accesses[0]
        found = {"mapguard/v1": f.fingerprint}
        if first.path not in self._hashes:
            self._hashes[first.path] = line_hashes(self._source.text(first.path))
        hashes = self._hashes[first.path]
        if self._source.lines(first.path) and 0 < first.line <= len(hashes):
            found["primaryLocationLineHash"] = hashes[first.line - 1]
        return found


def _fixes(advice: Advice) -> Iterator[sarif.Fix]:
    """The patch, where there is one."""
    by_path: dict[str, list[sarif.Replaced]] = {}
    for r in replacements(advice.patch or ""):
        region = sarif.Region(start_line=r.first, start_column=1, end_line=r.end, end_column=1)
        by_path.setdefault(r.path, []).append(sarif.Replaced(deleted_region=region, inserted_content=sarif.Content(text=r.text)))
    if by_path:
        changes = (sarif.ArtifactChange(artifact_location=_artifact(path), replacements=tuple(new)) for path, new in by_path.items())
        yield sarif.Fix(description=_message(advice.text), artifact_changes=tuple(changes))


def _remedy(advice: Advice) -> str:
    """The whole remedy as text: what to do, how it looks in the code, and how a test shows it."""
    test = f"{advice.test}\n{advice.tested}" if advice.test else advice.tested
    text = "\n\n".join(part for part in (advice.text, advice.sketch.expandtabs(4), test.strip()) if part)
    return "\n".join(short(line, _LONG) for line in text.splitlines())


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _artifact(path: str) -> sarif.ArtifactLocation:
    return sarif.ArtifactLocation(uri=quote(path.encode("utf-8", "surrogateescape")), uri_base_id=_ROOT)


def _message(text: str) -> sarif.Message:
    """What is said of a place. Backslashes only where they are needed: not every viewer takes them away."""
    return sarif.Message(text=_plain(text) if "](" in text else short(text, _LONG))


def _plain(text: str) -> str:
    """Text that holds no link: code such as ``m[k](1)`` would become one."""
    return short(text, _LONG).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _link(text: str) -> str:
    return _plain(text).replace("(", "\\(").replace(")", "\\)")
