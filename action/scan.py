"""The action's inputs (from the environment) to runs of mapguard, and what they found to the job: annotations, summary, outputs.

Runs in mapguard's own environment with ``-I``, so that nothing of the code to be scanned is imported. git is started by ``mapguard.git``.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from mapguard.git.fetch import fetch
from mapguard.git.place import Place, find, place
from mapguard.git.program import GitError
from mapguard.git.repository import opened
from mapguard.report import channel

SUMMARY_LIMIT = 900_000  # over 1 MiB GitHub drops the whole summary
FINISHED = (0, 1, 3)  # every other exit code is a failure of the run itself


class InputError(Exception):
    """An input that cannot be used; the message is one sentence for the author of the workflow."""


def main() -> int:
    """Scans; the judgement is left to a later step, so that reports are uploaded first."""
    folder = Path(os.environ["RUNNER_TEMP"], "mapguard")
    folder.mkdir(parents=True, exist_ok=True)
    sarif, summary, counted = folder / "mapguard.sarif", folder / "summary.md", folder / "mapguard.json"
    html = folder / "mapguard.html" if os.environ["INPUT_HTML_ARTIFACT"] else None
    try:
        scan, gate = arguments(folder)
        new_only, from_base, bare = flag("new-only"), config_from() == "base", flag("sarif-only")
        base = base_revision("new-only" if new_only else "config-from") if new_only or from_base else ""
    except InputError as error:
        print(f"::error title=mapguard::{channel.command(str(error))}")
        return 2
    if base and from_base:
        scan.append(f"--config-from={base}")
    patches = given("patches-artifact")
    gate += ["--patches"] if patches else []
    shown = ["--format=concise", f"--output={os.devnull}"] if bare else ["--format=github", f"--report=markdown={summary}"]
    reports = [f"--report=json={counted}", *([f"--report=html={html}"] if html else [])]
    if base and new_only:
        # code scanning compares with the base branch itself: alerts that it does not get would count as fixed
        code = mapguard([*scan, "--quiet", "--fail-on=none", "--format=sarif", f"--output={sarif}"])
        if code not in FINISHED:
            return code
        gate.append(f"--new-from-rev={base}")
    else:
        reports.append(f"--report=sarif={sarif}")
    code = mapguard([*scan, *gate, *shown, *reports])
    if code not in FINISHED:
        return code
    if not bare:
        append("GITHUB_STEP_SUMMARY", cut(summary.read_bytes()))
    findings = json.loads(counted.read_bytes())["findings"]
    diffs = written(folder / "patches", findings) if patches else ""
    files = {"sarif-file": sarif, "summary-file": "" if bare else summary, "html-file": html or "", "patches-folder": diffs}
    outputs = {"findings": len(findings), **files, "exit-code": code}
    append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs.items()).encode())
    return 0


def written(folder: Path, findings: list[dict[str, Any]]) -> str:
    """The folder with a file for each patch; "" where there is none."""
    patched = {f["fingerprint"]: f["advice"]["patch"] for f in findings if f["advice"]["patch"]}
    for fingerprint, patch in patched.items():
        folder.mkdir(exist_ok=True)
        (folder / f"{fingerprint}.diff").write_text(patch, "utf-8", newline="\n")
    return str(folder) if patched else ""


def arguments(folder: Path) -> tuple[list[str], list[str]]:
    """Options of every scan, and those of the scan whose exit code counts."""
    scan = [f"--{name}={given(name)}" for name in ("config", "min-confidence", "baseline") if given(name)]
    gate = [f"--fail-on={given('fail-on')}"] if given("fail-on") else []
    try:
        more = shlex.split(given("args"))
    except ValueError as error:
        raise InputError(f"the input args cannot be split: {error}") from error
    return [*scan, *more, "--color=never", f"--cache-dir={folder / 'cache'}"], gate


def paths() -> list[str]:
    return [line.strip() for line in given("path").splitlines() if line.strip()] or ["."]


def given(name: str) -> str:
    return os.environ["INPUT_" + name.upper().replace("-", "_")].strip()


def flag(name: str) -> bool:
    if given(name) not in ("true", "false"):
        raise InputError(f"the input {name} is neither true nor false")
    return given(name) == "true"


def config_from() -> str:
    """Whether the change that is judged may bring its own configuration: not by default when a stranger proposes it."""
    chosen = given("config-from") or ("base" if os.environ["FORK"] == "true" else "head")
    if chosen not in ("base", "head"):
        raise InputError("the input config-from is neither base nor head")
    return chosen


def base_revision(asking: str) -> str:
    """The commit that the change is based on, fetched when the clone is shallow; "" where there is no such thing."""
    base = os.environ["BASE_SHA"]
    if not base:
        return ""
    try:
        with opened(workspace()) as repository:
            parents = repository.parents("HEAD")
            if len(parents) == 2 and os.environ.get("GITHUB_REF", "").endswith("/merge"):
                base = parents[0]  # GitHub's trial merge: the base branch as it was merged with, which the event may not know yet
            if not repository.commit(base):
                fetch(repository, f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}", base)
            if repository.commit(base):
                return base
            reason = "it is not on the server"
    except GitError as error:
        reason = str(error)
    advice = "give actions/checkout fetch-depth: 2 (or 0)"
    raise InputError(f"{asking} needs the commit {base} that the change is based on: {advice} ({reason})")


def workspace() -> Place:
    """The repository that actions/checkout made: of all folders on the way to the first path, the outermost that is one."""
    start = Path(paths()[0].removesuffix("...")).absolute()
    here = Path.cwd()
    for folder in sorted((folder for folder in (start, *start.parents) if folder.is_relative_to(here)), key=lambda f: len(f.parts)):
        if os.path.lexists(folder / ".git"):
            return place(folder)
    return find(start)


def mapguard(options: list[str]) -> int:
    """Runs mapguard; its messages may quote scanned code, so the runner is told not to take commands from them."""
    end = secrets.token_hex(16)
    scan = ["-I", "-m", "mapguard", "scan", *options, "--", *paths()]
    env = {**os.environ, "MAPGUARD_CACHE_KEY": cache_key()}
    done = subprocess.run([sys.executable, *scan], env=env, stderr=subprocess.PIPE, check=False)
    if done.stderr:
        message = done.stderr.decode("utf-8", "replace")
        print(f"::stop-commands::{end}\n{message}\n::{end}::", flush=True)
        if done.returncode not in FINISHED:
            print(f"::error title=mapguard::{channel.command(message.strip())}", flush=True)
    return done.returncode


def cache_key() -> str:
    """The secret of the cache, stored beside it: every run has a new machine."""
    file = Path(os.environ["RUNNER_TEMP"], "mapguard", "cache-key")
    if not file.exists():
        file.write_text(secrets.token_hex(32), "ascii")
        file.chmod(0o600)
    return file.read_text("ascii")


def cut(summary: bytes) -> bytes:
    if len(summary) <= SUMMARY_LIMIT:
        return summary
    kept = summary[:SUMMARY_LIMIT].rpartition(b"\n")[0]
    return kept + b"\n\nThe rest is left out: GitHub takes no longer summary. The HTML report (html-artifact) has everything.\n"


def append(variable: str, data: bytes) -> None:
    with Path(os.environ[variable]).open("ab") as file:
        file.write(data)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # what the runner reads, whatever the locale is
    sys.exit(main())
