"""A place that lacks a lock to a few lines of Go that would compile there; nothing where that cannot be promised.

A sketch is parts with a comment on top that says where they belong: ``// path:10`` replaces the lines from there on that it repeats,
``// before path:10`` is put before that line. It covers every access of the map in the function, takes no lock twice, and names only
what is in scope.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mapguard.base.span import line_of
from mapguard.checks.functions import Functions
from mapguard.checks.held import STARTS, Held
from mapguard.checks.lockname import MUTEXES
from mapguard.checks.region import Region, blocks_others, leaves, region, to_the_end
from mapguard.checks.sources import Sources
from mapguard.findings.model import MapInfo
from mapguard.ir.model import Call
from mapguard.order.edges import Edge
from mapguard.program.model import Func
from mapguard.races.contexts import Anchored

_LINES = 12  # a longer change is described in words


class Cover(NamedTuple):
    """The statements at ``targets`` of ``func``, which a lock has to cover; ``writes`` says whether they change the map."""

    func: Func
    targets: tuple[int, ...]
    writes: bool


class _Lock(NamedTuple):
    """A lock to take as ``written``; ``anchor`` is the name in it that must be in scope. A ``new`` one stands beside the map."""

    written: str
    reading: str  # R where readers share it
    anchor: str
    new: bool

    def call(self, method: str) -> str:
        return f"{self.written}.{self.reading}{method}()"


class Sketcher:
    def __init__(self, held: Held, functions: Functions, sources: Sources) -> None:
        self._judge = held.names.judge
        self._index = held.index
        self._program = held.index.types.program
        self._names = held.names
        self._functions = functions
        self._sources = sources

    # ------------------------------------------------------------ a lock that is there

    def hold(self, lock: Anchored, cover: Cover) -> str:
        """``lock``, in the terms of the function or of one around it, around what is to be covered."""
        model = self._names.model(lock)
        written = self._names.written(lock, self._index.number[cover.func.id])
        if model not in MUTEXES or written is None:
            return ""
        takers = {self._functions.of(f).id for f in self._names.takers(self._names.kind(lock))}
        reading = "R" if model == "rwmutex" and not cover.writes else ""
        return self._around(
            cover, _Lock(written, reading, written.partition(".")[0], False), self._leading_to(takers), cover.func.id in takers
        )

    def _around(self, cover: Cover, lock: "_Lock", forbidden: set[str], taken: bool) -> str:
        """The region under the lock, or everything from its start to the end of the function where control can leave the region."""
        func = cover.func
        if not self.editable(func):
            return ""
        source = self._sources.source(func.path)
        found = region(func, cover.targets, source)
        if found is None:
            return ""
        small = found.last - found.first < _LINES
        if small and not leaves(found.statements) and self._fits(found, func, lock, forbidden, source):
            lines = source[source.rfind(b"\n", 0, found.at) + 1 : found.end].decode("utf-8", "replace")
            code = textwrap.dedent(lines.replace("\r", ""))
            return f"// {func.path}:{found.first}\n{lock.call('Lock')}\n{code}\n{lock.call('Unlock')}"
        return "" if taken else self._to_the_end(cover, lock, forbidden, source)

    def _to_the_end(self, cover: Cover, lock: "_Lock", forbidden: set[str], source: bytes) -> str:
        func = cover.func
        whole = to_the_end(func, cover.targets, source)
        if whole is None or not self._fits(whole, func, lock, forbidden, source):
            return ""
        return f"// before {func.path}:{whole.first}\n{lock.call('Lock')}\ndefer {lock.call('Unlock')}"

    def _fits(self, found: Region, func: Func, lock: "_Lock", forbidden: set[str], source: bytes) -> bool:
        """Whether the lock may be held there and its name denotes it there."""
        called = self._called(found, func)
        if any(f.id in forbidden for f in called) or blocks_others(found.statements) or self._may_wait(called):
            return False
        locked = source[found.at : found.end]
        if any(f"{lock.written}.{call}(".encode() in locked for call in ("Lock", "RLock")):
            return False
        if lock.anchor in found.declared:
            # a local name: it is the lock's only where the function itself takes it by that name
            return lock.new or any(
                self._sources.text(func.path, site.at, site.end) == lock.written for site in self._names.sites(self._index.number[func.id])
            )
        return lock.anchor in self._outer_names(func)

    def waits(self, cover: Cover) -> bool:
        """Whether what lies between the accesses may wait for another goroutine: a lock must not be held over that."""
        found = region(cover.func, cover.targets, self._sources.source(cover.func.path))
        return found is not None and (blocks_others(found.statements) or self._may_wait(self._called(found, cover.func)))

    def _called(self, found: Region, func: Func) -> list[Func]:
        """What a region runs on its own thread."""
        return [self._functions.of(e.func) for at, e in self._calls(func) if found.at <= at < found.end and e.kind not in STARTS]

    def _calls(self, func: Func) -> list[tuple[int, Edge]]:
        """Everything that a function calls and starts, with the byte of the call."""
        number = self._index.number.get(func.id)
        if number is None:
            return []
        found: list[tuple[int, Edge]] = []
        for b, block in enumerate(self._index.bodies[number].blocks):
            for place, event in enumerate(block.events):
                if isinstance(event, Call):
                    found.extend((event.at, edge) for edge in self._judge.edges.out(self._index.site_at[number, b, place]))
        return found

    def _may_wait(self, called: Iterable[Func]) -> bool:
        """Whether one of them, or what it calls in turn on this thread, may wait for another goroutine."""
        pending = list(called)
        seen = {f.id for f in pending}
        while pending:
            func = pending.pop()
            if blocks_others(func.facts.body or ()):
                return True
            for _, edge in self._calls(func):
                callee = self._functions.of(edge.func)
                if edge.kind not in STARTS and callee.id not in seen:
                    seen.add(callee.id)
                    pending.append(callee)
        return False

    def _outer_names(self, func: Func) -> set[str]:
        """The names in scope at the start of the function's body, as far as facts show them."""
        found = set(func.scope.package.globals) | set(func.scope.imports)
        at: Func | None = func
        while at is not None:
            found.update(p.name for p in (*at.facts.params, *at.facts.results))
            if at.facts.recv is not None:
                found.add(at.facts.recv.name)
            if at.outer is not None:
                found |= self._declared_before(at.outer, at.facts.at)
            at = at.outer
        return found

    def _declared_before(self, outer: Func, at: int) -> frozenset[str]:
        """The names in scope at a function literal."""
        here = region(outer, [at], self._sources.source(outer.path))
        return here.declared if here is not None else frozenset()

    def _leading_to(self, functions: Iterable[str]) -> set[str]:
        """The functions and all their transitive callers on the same thread."""
        found = set(functions)
        pending = sorted(found)
        while pending:
            number = self._index.number.get(pending.pop())
            for edge in self._judge.edges.into(number) if number is not None else ():
                caller = self._functions.of(self._index.sites[edge.site].func).id
                if edge.kind not in STARTS and caller not in found:
                    found.add(caller)
                    pending.append(caller)
        return found

    # ------------------------------------------------------------ a new lock beside the map

    def beside(self, info: MapInfo, cover: Cover, expressions: Sequence[str], users: Iterable[str], reading: bool) -> str:
        """A new lock, declared beside the map, around what is to be covered. ``expressions`` are the accesses' sources, ``users`` the
        functions that use the map, ``reading`` asks for a lock that readers share."""
        added = f"{info.name}Mu"
        bases = {found for text in expressions if (found := _base(info, text)) is not None}
        base = bases.pop() if len(bases) == 1 else None  # each object has its own lock
        declared = self._declaration(info, added, "sync.RWMutex" if reading else "sync.Mutex", cover.func)
        if base is None or not declared or (info.kind == "field" and self._listed(info)):
            return ""
        others = self._leading_to(users)
        if info.kind == "local" and info.name not in self._names_at(cover):
            return ""
        anchor = base.partition(".")[0] or info.name
        code = self._around(cover, _Lock(f"{base}{added}", "", anchor, True), others, False)
        return f"{declared}\n\n{code}" if code else ""

    def _names_at(self, cover: Cover) -> set[str]:
        found = region(cover.func, cover.targets, self._sources.source(cover.func.path))
        return self._outer_names(cover.func) | (set(found.declared) if found is not None else set())

    def _declaration(self, info: MapInfo, added: str, kind: str, func: Func) -> str:
        """The line that declares the lock before the map; "" where nothing can be added there."""
        place = info.declared
        facts = self._program.files.get(place.path) if place is not None else None
        if place is None or facts is None or facts.generated or not self.own_module(info.package, func):
            return ""
        lines = self._sources.source(place.path).decode("utf-8", "replace").splitlines()
        line = lines[place.line - 1] if place.line <= len(lines) else ""
        grouped = re.match(rf"\s*{re.escape(info.name)}\b", line)
        stated = re.match(rf"\s*var\s+{re.escape(info.name)}\b", line)
        if added in "\n".join(lines) or not (grouped or stated):
            return ""
        made_here = info.kind == "local" and grouped and re.match(rf"\s*{re.escape(info.name)}\s*:=", line)
        if info.kind == "local" and not (made_here or stated):
            return ""
        variable = "" if grouped and not made_here else "var "
        known = any(i.path == "sync" and i.name in ("", "sync") for i in facts.imports)
        head = f"// before {place.path}:{place.line}" + ("" if known else ', with import "sync"')
        return f"{head}\n{variable}{added} {kind} // guards {info.name}"

    def _listed(self, info: MapInfo) -> bool:
        """Whether objects of the map's struct are written as a list of values without names, which one more field would break."""
        literal = re.compile(rf"\b{re.escape(info.owner)}(\[[^\]]*\])?\{{\s*(?!\w+\s*:)[^\s}}/]".encode())
        for path, facts in self._program.files.items():
            near = facts.package_path == info.package or any(i.path == info.package for i in facts.imports)
            if near and literal.search(self._sources.source(path)):
                return True
        return False

    # ------------------------------------------------------------ the mode of a lock

    def write_mode(self, lock: Anchored, func: Func) -> str:
        """The lines of ``func`` that take the lock for reading and give it up, for writing instead."""
        number = self._index.number[func.id]
        site = next((x for x in self._names.sites(number) if lock == (number, x.path)), None)
        takers = {self._functions.of(f).id for f in self._names.takers(self._names.kind(lock))} - {func.id}
        forbidden = self._leading_to(takers)
        if site is None or not self.editable(func) or any(self._functions.of(e.func).id in forbidden for _, e in self._calls(func)):
            return ""
        written = self._sources.text(func.path, site.at, site.end)
        source = self._sources.source(func.path)[: func.facts.end]
        call = re.escape(written.encode()) + rb"\.(RLock|RUnlock|Lock|Unlock)\(\)"
        pattern = re.compile(rb"^[ \t]*((?:defer )?)" + call + rb"[ \t]*\r?$", re.MULTILINE)
        found = list(pattern.finditer(source, func.facts.at))
        if [m[2] for m in found].count(b"RLock") != 1 or any(m[2] in (b"Lock", b"Unlock") for m in found) or len(found) < 2:
            return ""
        newlines = list(func.scope.file.newlines)
        parts = [
            f"// {func.path}:{line_of(newlines, m.start(2))}, instead of {m[2].decode()}\n{m[1].decode()}{written}.{m[2].decode()[1:]}()"
            for m in found
        ]
        return "\n\n".join(parts)

    # ------------------------------------------------------------ what may be changed

    def editable(self, func: Func) -> bool:
        """Whether its file is written by hand, in the tree."""
        path = func.path.split("/")
        return not func.scope.file.generated and "vendor" not in path and not func.path.startswith("<")

    def own_module(self, package: str, func: Func) -> bool:
        """Whether the package is of the tree, and of the function's module."""
        program = self._program
        return package in program.packages and program.module_of(package) == program.module_of(func.scope.package.path)


def _base(info: MapInfo, expression: str) -> str | None:
    """``s.`` for a field of ``s``, "" for a variable; None where the expression does not name the map."""
    if info.kind != "field":
        return "" if re.match(rf"{re.escape(info.name)}\b", expression.strip()) else None
    found = re.search(rf"(?<![\w.)\]])((?:[A-Za-z_]\w*\.)+){re.escape(info.name)}\b", expression)
    return found[1] if found is not None else None
