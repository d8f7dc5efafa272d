"""Go programs with facts in comments, and what the engine finds in their place.

``// @a`` names a line. The other comments state something about their line; several stand side by side, each after its own ``//``:

- ``// maps: a<b, c``: the maps accessed on the line: the one made on line a by a function called on line b, and the one made on line c;
- ``// calls: f, g`` the functions that the line calls, starts or defers;
- ``// held: c.mu write + c.in read | none``: the locks held at the access on each way to it that is told apart;
- ``// callers: a, b`` on a declaration: the lines that may call the function.
"""

import re
from functools import cached_property

from ir.lowering import program_of
from mapguard.base.span import line_of
from mapguard.base.stack import deep_stack
from mapguard.bodies.effects import At
from mapguard.bodies.paths import Path
from mapguard.heap.index import Place
from mapguard.heap.tabling import members
from mapguard.ir.model import Call, MapOp
from mapguard.models.load import load
from mapguard.races.engine import judge_of
from mapguard.races.judge import Judge

Stated = dict[tuple[int, str], frozenset[str]]  # by line and kind
_STATED = re.compile(r"//\s*(maps|calls|held|callers):([^/]*)")
_LABEL = re.compile(r"//\s*@(\w+)")

TWICE = """
func twice(f func()) {
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f()
		}()
	}
	wg.Wait()
}
"""  # runs a function on two goroutines, and waits for both


class Engine:
    """One program of package main, under the engine."""

    def __init__(self, source: str) -> None:
        self.lines = source.splitlines()
        self.source = source
        self.labels = {n: m[1] for n, line in enumerate(self.lines, 1) if (m := _LABEL.search(line))}

    @cached_property
    def judge(self) -> Judge:
        return judge_of(program_of(self.source, models=True), load())

    # ------------------------------------------------------------ both sides

    def stated(self) -> Stated:
        """What the comments say."""
        found: Stated = {}
        for number, line in enumerate(self.lines, 1):
            for kind, text in _STATED.findall(line):
                found[number, kind] = frozenset(s.strip() for s in re.split(r"[|]" if kind == "held" else ",", text) if s.strip() != "")
        assert found, "the program states nothing"
        return found

    def found(self, stated: Stated) -> Stated:
        """What the engine says where something is stated."""
        ask = {"maps": self.maps, "calls": self.calls, "held": self.held, "callers": self.callers}
        with deep_stack():
            return {(line, kind): ask[kind](line) for line, kind in stated}

    def races(self) -> set[tuple[str, ...]]:
        """The lines of the races, by their names."""
        with deep_stack():
            sides = [(self._line(r.a.access.func, r.a.access.at), self._line(r.b.access.func, r.b.access.at)) for r in self.judge.races()]
        return {tuple(sorted({self._label(a), self._label(b)})) for a, b in sides}

    # ------------------------------------------------------------ one line

    def maps(self, line: int) -> frozenset[str]:
        found = 0
        for place in self._events(line, MapOp):
            assert isinstance(place.event, MapOp)
            found |= self.judge.heap.points(place.func, place.event.map)
        return frozenset(self._object(n) for n in members(found))

    def calls(self, line: int) -> frozenset[str]:
        index = self.judge.index
        sites = [index.site_at[place[:3]] for place in self._events(line, Call)]
        names = [index.bodies[f].func for site in sites for f in members(self.judge.heap.targets(site))]
        return frozenset(name.rpartition("main.")[2] for name in names)

    def callers(self, line: int) -> frozenset[str]:
        [func] = [
            n for n, f in enumerate(self.judge.index.funcs) if f is not None and not f.is_literal and self._line(n, f.facts.at) == line
        ]
        return frozenset(self._site(s) for s in members(self.judge.heap.callers(func)))

    def held(self, line: int) -> frozenset[str]:
        return frozenset(
            self._at(place.func, at)
            for place in self._events(line, MapOp)
            for at in self.judge.bodies.held(place.func, place.block, place.number)
        )

    # ------------------------------------------------------------ as text

    def _events(self, line: int, kind: type) -> list[Place]:
        found = []
        for func, body in enumerate(self.judge.index.bodies):
            for b, block in enumerate(body.blocks):
                for number, event in enumerate(block.events):
                    if isinstance(event, kind) and self._line(func, getattr(event, "at", 0)) == line:
                        found.append(Place(func, b, number, event))
        assert found, f"line {line} has none: {self.lines[line - 1]}"
        return found

    def _line(self, func: int, at: int) -> int:
        known = self.judge.index.funcs[func]
        file = known.scope.file if known is not None else self.judge.index.types.program.files["f0.go"]
        return line_of(file.newlines, at)

    def _label(self, line: int) -> str:
        return self.labels.get(line, str(line))

    def _site(self, site: int) -> str:
        place = self.judge.index.sites[site]
        assert isinstance(place.event, Call)
        return self._label(self._line(place.func, place.event.at))

    def _object(self, number: int) -> str:
        o = self.judge.heap.objects.all[number]
        if o.kind in ("outside", "result", "library"):
            return o.kind
        if o.kind in ("global", "part"):
            return o.name.rpartition(".")[2]
        event = self.judge.index.bodies[o.func].blocks[o.block].events[o.place]
        made = self._label(self._line(o.func, getattr(event, "at", 0)))
        return "<".join([made, *(self._site(site) for site in reversed(o.context))])

    def _at(self, func: int, at: At) -> str:
        return " + ".join(sorted(f"{self._path(func, path)} {mode}" for path, mode in at.held)) or "none"

    def _path(self, func: int, path: Path) -> str:
        root = path.root if isinstance(path.root, str) else self.judge.index.bodies[func].names[path.root] or "%"
        return ".".join([root.rpartition(".")[2], *(f.rpartition(".")[2] for f in path.fields)])
