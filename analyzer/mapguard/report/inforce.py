"""The settings of a run and what it left out, to sentences that say why something was not reported."""

from mapguard.findings.model import InForce, Report
from mapguard.report.terminal import counted

_LEFT_OUT = {
    "excluded": "excluded file or folder",
    "hidden": "file or folder that begins with _ or .",
    "ignored": "file that a go.mod ignores",
    "node_modules": "node_modules folder",
    "testdata": "testdata folder",
    "tests": "test file",
    "vendor": "vendor folder",
}
_NOT_SHOWN = {"new-from-rev": "that nothing changed since that revision touches", "settings": "because of these settings"}
_MORE = {"excluded": "excluded files and folders", "hidden": "files and folders that begin with _ or ."}


def sentences(force: InForce) -> list[str]:
    """No sentence when nothing was configured and nothing left out."""
    found = []
    if force.configuration or force.settings:
        where = f"Configuration: {force.configuration or 'the command line'}"
        settings = "; ".join(f"{name} = {value}" for name, value in force.settings.items())
        found.append(f"{where}; {settings}." if settings else f"{where}; it changes nothing.")
    if force.left_out:
        parts = [_counted(reason, count) for reason, count in force.left_out.items()]
        found.append(f"Left out: {', '.join(parts)}.")
    if force.not_shown:
        parts = [f"{counted(count, 'finding')} {_NOT_SHOWN[reason]}" for reason, count in force.not_shown.items()]
        found.append(f"Not shown: {', '.join(parts)}.")
    return found


def no_findings(report: Report) -> str:
    """What a report without findings says: no all-clear where findings are suppressed or not shown."""
    return "nothing left to report" if report.suppressed or report.in_force.not_shown else "no unguarded map found"


def _counted(reason: str, count: int) -> str:
    word = _LEFT_OUT[reason]
    if count == 1:
        return f"1 {word}"
    many = _MORE.get(reason) or word.replace("file", "files", 1) if "file" in word else counted(2, word)[2:]
    return f"{count} {many}"
