"""A finding to a command that runs a test which reaches it under the race detector, or to a sentence that there is no such test."""

import re
import shlex
from collections.abc import Collection
from typing import Protocol

import msgspec

from mapguard.checks.filetext import FileText
from mapguard.checks.reach import Function, Reach, Reached
from mapguard.facts.model import FileFacts
from mapguard.findings.model import Finding

_LITERAL = re.compile(r"(\.func\d+)+$")


class Module(Protocol):
    """A module: its folder relative to the root, and its path."""

    @property
    def dir(self) -> str: ...
    @property
    def path(self) -> str: ...


class Files(Protocol):
    """Where the files come from; folders are relative to the root."""

    def module(self, folder: str) -> Module | None: ...
    def package(self, folder: str) -> tuple[FileFacts, ...]: ...
    def importing(self, package_paths: Collection[str]) -> tuple[FileFacts, ...]: ...


class TestLines:
    """Adds to findings the test that can show them. Packages are read once for all findings."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._reaches: dict[tuple[tuple[str, ...], bool], Reach] = {}
        self._texts: dict[str, FileText] = {}  # by path

    def told(self, f: Finding) -> Finding:
        """The finding with ``advice.test`` and ``advice.tested``; unchanged where there is no data race that the detector could report."""
        if f.rule == "sync-map-check-then-act":
            return f
        reached = self._reached(f)
        if reached is None:
            return self._with(f, "", f"no test was found that leads here; one that runs {_wanted(f)} would show it under go test -race")
        verb = "names" if not reached.function.package else "calls" if reached.direct else "leads to"
        names = (_display(name) for _, name in _steps(f) if _function(reached.function.package, name) == reached.function)
        what = next(names, reached.function.name)
        leads = f"{reached.name} ({reached.path}:{reached.line}) {verb} {what}"
        return self._with(f, self._command(reached), f"{leads}; it shows the race if both accesses happen in it, on two goroutines")

    @staticmethod
    def _with(f: Finding, test: str, tested: str) -> Finding:
        return msgspec.structs.replace(f, advice=msgspec.structs.replace(f.advice, test=test, tested=tested))

    def _command(self, reached: Reached) -> str:
        folder = reached.path.rpartition("/")[0]
        module = self._files.module(folder)
        home = module.dir if module is not None else ""
        below = folder[len(home) :].strip("/")
        package = f"./{below}" if below else "."
        run = f"go test -race -run {shlex.quote(reached.test)} {shlex.quote(package)}"
        return f"cd {shlex.quote(home)} && {run}" if home else run

    def _reached(self, f: Finding) -> Reached | None:
        """A test, the most certain first: of the packages on the way, of packages that import them, or one that only names the method."""
        steps = _steps(f)
        folders = tuple(sorted({path.rpartition("/")[0] for path, _ in steps}))
        paths = {folder: self._package_path(folder) for folder in folders}
        targets = list(dict.fromkeys(_function(paths[path.rpartition("/")[0]], name) for path, name in steps))
        found = self._reach(folders, False).test(targets)
        if found is None:
            found = self._reach(folders, True).test(targets)
        if found is None:
            here = f.accesses[0].path.rpartition("/")[0]
            methods = [Function("", "", t.name) for t in targets if t.receiver and t.package == paths[here]]
            found = self._reach((here,), False).test(list(dict.fromkeys(methods)))
        return found

    def _package_path(self, folder: str) -> str:
        return next((file.package_path for file in self._files.package(folder)), "")

    def _reach(self, folders: tuple[str, ...], importing: bool) -> Reach:
        key = (folders, importing)
        if key not in self._reaches:
            files = {file.path: file for folder in folders for file in self._files.package(folder)}
            if importing:
                more = self._files.importing({self._package_path(folder) for folder in folders})
                files.update((file.path, file) for file in more)
            self._reaches[key] = Reach(self._texts.setdefault(path, FileText(file)) for path, file in files.items())
        return self._reaches[key]


def _steps(f: Finding) -> list[tuple[str, str]]:
    """Files and functions of the two threads, from the access outwards."""
    racing = f.accesses[: f.racing]
    steps = [(step.path, step.function) for access in racing for step in reversed(access.trace)]
    return [*steps, *((access.path, access.function) for access in racing)]


def _wanted(f: Finding) -> str:
    """What a test would have to run. One call is enough of a function whose own literals race."""
    functions = [a.function for a in f.accesses[: f.racing]]
    names = list(dict.fromkeys(map(_display, functions)))
    if len(names) > 1:
        return f"{' and '.join(names)} at the same time"
    return names[0] if any(_LITERAL.search(function) for function in functions) else f"{names[0]} twice at the same time"


def _function(package: str, display: str) -> Function:
    """The function that a step names (``(*Store).Get``, ``Store.Get``, ``main``); a literal counts as the function around it."""
    receiver, _, name = _display(display).rpartition(".")
    return Function(package, receiver.strip("(*)"), name)


def _display(function: str) -> str:
    return _LITERAL.sub("", function)
