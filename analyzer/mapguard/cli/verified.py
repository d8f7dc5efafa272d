"""Patches to what the Go toolchain says of them: gofmt, the build, vet, and the tests of the packages touched, before and after."""

import re
from collections.abc import Iterator

from mapguard.cli.console import say
from mapguard.cli.patches import Result
from mapguard.cli.run import Session
from mapguard.gotool.packages import Packages, packages_of
from mapguard.gotool.program import Go, go, race_detector

_PLACE = re.compile(r"(?P<file>\S+\.go):\d+(:\d+)?")


def verified(s: Session, result: Result) -> Result:
    """The patches, if everything that passed before passes with them; else none, with the reason."""
    root = s.root.resolve()
    packages = packages_of(root, (c.path for c in result.files))
    with go({}) as before, go({root / c.path: c.new for c in result.files}) as after:
        for c in result.files:
            formatted = before.formatted(c.old or b"")
            if formatted == c.old and after.formatted(c.new) != c.new:
                return _refused(result, f"gofmt would change {c.path}")
        say("verify: gofmt leaves the files as they are", err=True)
        for step in (_build, _vet, _tests):
            for of_module in packages:
                why = step(before, after, of_module)
                if why:
                    return _refused(result, why)
    return result


def _refused(result: Result, why: str) -> Result:
    return Result((), (), {**result.failed, **{m.finding.fingerprint: why for m in result.mended}})


def _build(before: Go, after: Go, packages: Packages) -> str:
    done = after.run(packages.module, "build", *packages.names)
    if done.code == 0:
        say(f"verify: {' '.join(packages.names)} builds", err=True)
        return ""
    was = before.run(packages.module, "build", *packages.names)
    if was.code != 0:
        return f"the packages do not build before the patch either: {_first(was.output)}"
    return f"with the patch the build fails: {_first(done.output)}"


def _vet(before: Go, after: Go, packages: Packages) -> str:
    known = set(_complaints(before.run(packages.module, "vet", *packages.names).output))
    new = [line for line in _complaints(after.run(packages.module, "vet", *packages.names).output) if line not in known]
    if new:
        return f"with the patch go vet says: {new[0]}"
    say("verify: go vet says nothing new", err=True)
    return ""


def _complaints(output: str) -> Iterator[str]:
    """What vet says, without the lines that move."""
    for line in output.splitlines():
        if line and not line.startswith("#"):
            yield _PLACE.sub(lambda m: m["file"], line)


def _tests(before: Go, after: Go, packages: Packages) -> str:
    args = ("test", "-count=1", "-vet=off", "-timeout=600s", *(["-race"] if race_detector() else []), *packages.names)
    passed = _passed(before.run(packages.module, *args).output)
    done = after.run(packages.module, *args)
    lost = sorted(passed - _passed(done.output))
    if lost:
        return f"the tests of {lost[0]} pass before the patch and fail with it: {_first(done.output)}"
    say(f"verify: {len(passed)} of {len(packages.names)} packages have tests that passed before, and pass", err=True)
    return ""


def _passed(output: str) -> set[str]:
    return {line.split()[1] for line in output.splitlines() if line.startswith("ok ") and len(line.split()) > 1}


def _first(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0] if lines else "it says nothing"
