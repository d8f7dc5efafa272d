"""A path to the Go files that are built together with what it names, each with its package, as Go's own ``./...`` would find them.

A path says what is asked about, not what is read: a race has two sides, and the other one may be anywhere in the repository.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mapguard.base.errors import UsageError
from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.base.scope import Scope
from mapguard.frontend.components import components
from mapguard.frontend.gomod import Module
from mapguard.frontend.homes import Homes
from mapguard.frontend.roots import find_boundary, home_of, start_of
from mapguard.frontend.tree import SourceFile, Tree
from mapguard.frontend.walk import Walk, joined


def scope_of(options: Options) -> Scope:
    """What ``options.paths`` name, relative to the root."""
    starts = [start_of(p).resolve() for p in options.paths]
    return _scope(starts, root_of(starts))


def root_of(starts: list[Path]) -> Path:
    """The folder that the paths of a report are relative to: the root of the first path, or the folder around all roots."""
    root = home_of(starts[0]).root
    if all(s.is_relative_to(root) for s in starts):
        return root
    return Path(os.path.commonpath([home_of(s).root for s in starts]))


def discover(options: Options) -> tuple[Tree, ...]:
    """The components that hold what ``options.paths`` name, each with all its files. A path without any Go file is a ``UsageError``."""
    starts = [start_of(p).resolve() for p in options.paths]
    root = root_of(starts)
    boundary = root if (root / ".git").exists() else find_boundary(root)
    prefix = root.relative_to(boundary).as_posix() if root != boundary else ""
    walk = Walk(root, options)
    for start in starts:
        walk.around(start)
    modules = tuple(sorted(walk.modules(boundary, prefix)))
    homes = Homes(modules)
    scope = _scope(starts, root)
    # a path that a go.mod ignores is read when the user names it
    named = Scope(tuple(f for f in scope.folders if homes.ignored(joined(prefix, f"{f}/x.go"))), scope.files)
    files = [
        SourceFile(path, absolute, size, homes.package_path(joined(prefix, path)), "scan", path.endswith("_test.go"))
        for path, (absolute, size) in sorted(walk.found.items())
        if named.has(path) or not homes.ignored(joined(prefix, path))
    ]
    for given, start in zip(options.paths, starts, strict=True):
        # naming a Go file that is not read (a test, an excluded file) is no mistake: lists of changed files contain such files
        below = _scope([start], root)
        if not (start.suffix == ".go" if start.is_file() else any(below.has(f.path) for f in files)):
            raise UsageError(f"no Go file found in {given}")
    return tuple(_trees(root, boundary, prefix, modules, walk, files, scope))


def _scope(starts: list[Path], root: Path) -> Scope:
    relative = [(s.is_dir(), s.relative_to(root).as_posix() if s != root else "") for s in starts]
    folders = tuple(sorted({path for is_folder, path in relative if is_folder}))
    return Scope(folders, frozenset(path for is_folder, path in relative if not is_folder))


def _trees(
    root: Path, boundary: Path, prefix: str, modules: tuple[Module, ...], walk: Walk, files: list[SourceFile], scope: Scope
) -> Iterator[Tree]:
    """One tree for each component that contains a requested path. Files outside every module form a component of their own."""
    homes = Homes(modules)
    top = components(modules, walk.workspaces)

    def component(path: str) -> str:
        module = homes.of(joined(prefix, path))
        return f"module {top[module.dir]}" if module is not None else "none"

    parts: dict[str, list[SourceFile]] = {component(path): [] for path in scope.files}
    for file in files:
        parts.setdefault(component(file.path), []).append(file)
    gaps: dict[str, list[Gap]] = {}
    for gap in sorted(walk.gaps):
        home = component(gap.path)
        gaps.setdefault(home if home in parts else min(parts), []).append(gap)
    # a file that is read only because it was named must not change the findings in other files
    regular = [f.path for f in files if f.path not in walk.named]
    alone = len({component(path) for path in regular}) <= 1
    holding = {module for path in regular if (module := homes.of(joined(prefix, path))) is not None}
    copies = Counter(module.path for module in holding)
    asked = {component(f.path) for f in files if scope.has(f.path)} | {component(path) for path in scope.files}
    read = {folder for f in files for folder in _above(f.path)}
    left_out = Counter(reason for path, reason in walk.left_out.items() if path not in read and component(path) in asked)
    kept = {f.path for f in files}
    left_out["ignored"] = sum(path not in kept and component(path) in asked for path in walk.found)
    left_out = Counter({reason: count for reason, count in sorted(left_out.items()) if count})
    for key in sorted(asked):
        mine = [m for m in modules if f"module {top[m.dir]}" == key]
        mark = ",".join(m.dir for m in mine if copies[m.path] - (m in holding) > 0)
        named = frozenset(f.path for f in parts[key] if f.path in walk.named)
        overlay = walk.options.overlay
        yield Tree(root, boundary, modules, tuple(parts[key]), tuple(gaps.get(key, ())), mark, alone, named, left_out, overlay)


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
