"""The call graph seen from the callees: who calls a function, how often it runs, what it starts, which programs it belongs to."""

from collections import Counter
from collections.abc import Collection
from functools import cached_property

from mapguard.concurrency.aliases import Aliases
from mapguard.concurrency.domain import (
    ALLOC,
    COPY,
    ELEM,
    GLOBAL,
    JOINED,
    PARAM,
    READ,
    RECEIVER,
    RESULT,
    WRITE,
    Base,
    Edge,
    Locks,
    Needs,
    Path,
    is_elem,
    place,
)
from mapguard.concurrency.gates import Gates
from mapguard.concurrency.instantiated import answering, instantiated, parts
from mapguard.concurrency.requirements import passed_up
from mapguard.concurrency.roots import entry_points, reachable_from_outside
from mapguard.concurrency.solve import Analysis
from mapguard.concurrency.state import join_locks
from mapguard.facts.syntax import Call, Expr, For, TName, TStruct, Type, Unary
from mapguard.program.model import Func, NamedType

DEPTH_LIMIT = 24
_BESIDE = frozenset(
    ["doc", "docs", "example", "examples", "_examples", "demo", "demos", "sample", "samples", "tools", "hack", "scripts", "contrib"]
)
_CALLS_DOWN = 4  # how far down a function is followed that may run a literal at once
_NEARLY_ALL = 0.75
_ANY_OF = 3  # more candidates say next to nothing about which function a call runs
_OWNERS = 4  # calls up to where the owner of an object is looked for


class CallGraph:
    """Incoming edges by callee, roots, and what follows from both; answers are remembered."""

    def __init__(self, analysis: Analysis, aliases: Aliases) -> None:
        self.analysis = analysis
        self.incoming: dict[str, list[Edge]] = {}
        self._joinable = {place(p) for ends in analysis.signals.values() for p in ends}
        self._joinable |= {p.base for unit in analysis.units.values() for p in unit.signals if p.base[0] == ALLOC and not p.fields}
        made = instantiated(analysis)
        for unit in analysis.units.values():
            by_site: dict[tuple[int, str], list[Edge]] = {}
            for edge in unit.edges:
                edge.locks = self.telling(edge.locks)
                if aliases.reaches(edge) and (edge.caller.scope.file.test or not edge.caller.support):
                    by_site.setdefault((edge.at, edge.kind), []).append(edge)
            for edges in by_site.values():
                for edge in answering(edges, made):
                    self.incoming.setdefault(edge.callee.id, []).append(edge)
        for edges in self.incoming.values():
            edges.sort(key=lambda e: (e.caller.path, e.at, e.kind, e.caller.id))
        self._callees: dict[str, list[str]] = {}
        for callee, edges in self.incoming.items():
            for edge in edges:
                self._callees.setdefault(edge.caller.id, []).append(callee)
        self.roots = entry_points(analysis, made)
        self.gates = Gates(analysis.program.funcs)
        self._spawns: dict[str, frozenset[str]] = {}
        self._starters: dict[str, frozenset[str]] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._held_at_entry: dict[tuple[str, int], Locks] = {}
        self._runs: dict[str, frozenset[str]] = {}
        self._without: dict[tuple[str, str], frozenset[str]] = {}
        self._made_for_field: dict[str, bool] = {}
        self._programs_making: dict[str, frozenset[str]] = {}

    def telling(self, locks: Locks) -> Locks:
        """Without waits for what no goroutine of the tree signals."""
        if any(m == JOINED for _, m in locks):
            return tuple((p, m) for p, m in locks if m != JOINED or place(p) in self._joinable)
        return locks

    def decided(self, needs: Needs) -> Needs:
        """Those of the conditions that some call of the tree may answer."""
        return frozenset(n for n in needs if n.of.base in self._decided) if needs else needs

    def needed(self, needs: Needs, edge: Edge) -> Needs | None:
        """What must hold for the caller of ``edge`` when the call gets to where ``needs`` hold; None when that cannot be."""
        if not needs and not edge.needs:
            return needs
        moved = passed_up(needs, edge, self.analysis)
        return self.decided(moved) if moved is not None else None

    @cached_property
    def _decided(self) -> frozenset[Base]:
        """The parameters of which some call says what they are: by a constant, or because its own way to the call asks for them."""
        found: set[Base] = set()
        passed: dict[Base, list[Base]] = {}
        for callee, edges in self.incoming.items():
            for edge in edges:
                found.update((PARAM, callee, i) for i in edge.known)
                asked = {n.of.base for n in edge.needs}
                for i, targets in edge.args.items():
                    base = targets[0].base if len(targets) == 1 else None
                    if base is None:
                        continue
                    if base in asked or (base[0] == ALLOC and base in edge.intact):
                        found.add((PARAM, callee, i))
                    elif base[0] == PARAM and not targets[0].fields:
                        passed.setdefault(base, []).append((PARAM, callee, i))
        pending = sorted(found)
        while pending:
            for base in passed.get(pending.pop(), ()):
                if base not in found:
                    found.add(base)
                    pending.append(base)
        return frozenset(found)

    def runs_many(self, func: Func) -> bool:
        """Whether several activations of ``func`` can be under way or follow each other: a handler, called in a loop, from such a one."""
        return func.id in self._many

    @cached_property
    def _many(self) -> set[str]:
        seeds = {name for name, root in self.roots.items() if root.many}
        for callee, edges in self.incoming.items():
            if any(e.callee is not e.caller and (e.many or e.loops) for e in edges):
                seeds.add(callee)
        return self._below(seeds)

    def spawns(self, func: Func) -> frozenset[str]:
        """The threads that ``func`` may start, itself or through what it calls."""
        known = self._spawns.get(func.id)
        if known is not None:
            return known
        found: set[str] = set()
        seen = {func.id}
        pending = [func.id]
        while pending:
            unit = self.analysis.units.get(pending.pop())
            for edge in unit.edges if unit is not None else ():
                callee = edge.callee.id
                if edge.starts_thread:
                    found.add(edge.id)
                elif callee in self._spawns:
                    found |= self._spawns[callee]
                elif callee not in seen:
                    seen.add(callee)
                    pending.append(callee)
        self._spawns[func.id] = frozenset(found)
        return self._spawns[func.id]

    def starters(self, thread: str) -> frozenset[str]:
        """The thread and those that start it in turn, themselves or through others."""
        known = self._starters.get(thread)
        if known is None:
            found = {thread}
            pending = [thread]
            while pending:
                more = self._parents.get(pending.pop(), set()) - found
                found |= more
                pending.extend(more)
            known = self._starters[thread] = frozenset(found)
        return known

    @cached_property
    def _parents(self) -> dict[str, set[str]]:
        """Of each thread those that start it themselves."""
        found: dict[str, set[str]] = {}
        for thread, edge in self.analysis.threads.items():
            for child in self.spawns(edge.callee):
                found.setdefault(child, set()).add(thread)
        return found

    def programs(self, func: Func) -> frozenset[str]:
        """The main functions from which ``func`` is reached; "*" stands for callers outside the tree."""
        mains = self._programs.get(func.id)
        return frozenset(mains) if mains else frozenset("*") if func.id not in self.incoming else frozenset()

    @cached_property
    def parts(self) -> frozenset[str]:
        """The types that others have in them by value."""
        return parts(self.analysis)

    def programs_making(self, kind: NamedType) -> frozenset[str]:
        """The same for objects of a struct type: the main functions that make any; none where that is not known."""
        owner = ".".join(kind.key)
        if owner in self.parts:
            return frozenset()
        known = self._programs_making.get(owner)
        if known is None:
            makers = [self.programs(f) for base in self.analysis.made(owner) if (f := self.analysis.program.by_id.get(base[1])) is not None]
            known = frozenset().union(*makers) if all(makers) else frozenset()
            self._programs_making[owner] = known
        return known

    @cached_property
    def _programs(self) -> dict[str, set[str]]:
        mains = [name for name, root in self.roots.items() if root.kind == "main"]
        starts = {main: {main} for main in mains}
        starts["*"] = {name for name in self._callees if name not in self.incoming and name not in starts}
        found: dict[str, set[str]] = {}
        for program, seeds in starts.items():
            for name in self._below(seeds):
                found.setdefault(name, set()).add(program)
        return found

    def below_roots(self, kinds: Collection[str]) -> frozenset[str]:
        """The functions that entry points of some kinds which run many at a time lead to."""
        seeds = {name for name, root in self.roots.items() if root.many and root.kind in kinds}
        seeds |= {e.callee.id for edges in self.incoming.values() for e in edges if e.kind == "root" and e.many and e.root in kinds}
        return frozenset(self._below(seeds))

    def _below(self, seeds: set[str]) -> set[str]:
        """The seeds and everything that is called from there in turn."""
        found = set(seeds)
        pending = list(seeds)
        while pending:
            for callee in self._callees.get(pending.pop(), ()):
                if callee not in found:
                    found.add(callee)
                    pending.append(callee)
        return found

    def imported_by(self, main: str) -> frozenset[str]:
        """The packages that the program of a main function consists of."""
        known = self._imported.get(main)
        if known is None:
            packages = self.analysis.program.imports()
            found: set[str] = set()
            pending = [self.analysis.program.by_id[main].scope.package.path]
            while pending:
                path = pending.pop()
                if path not in found:
                    found.add(path)
                    pending.extend(packages.get(path, ()))
            known = self._imported[main] = frozenset(found)
        return known

    def of_one_program(self, functions: Collection[str]) -> frozenset[str] | None:
        """The main functions whose programs have all of the functions in them; none where no program is known to have any, None where
        there is none that has all."""
        found: frozenset[str] | None = None
        for name in functions:
            func = self.analysis.program.by_id.get(name)
            mains = self.programs_with(func) if func is not None else frozenset()
            if mains:
                found = mains if found is None else found & mains
                if not found:
                    return None
        return found or frozenset()

    def programs_with(self, func: Func) -> frozenset[str]:
        """The main functions whose programs import the function's package."""
        return self._programs_with.get(func.scope.package.path, frozenset())

    @cached_property
    def _programs_with(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for main in (name for name, root in self.roots.items() if root.kind == "main"):
            for path in self.imported_by(main):
                found.setdefault(path, set()).add(main)
        return {path: frozenset(mains) for path, mains in found.items()}

    def in_program(self, func: Func) -> bool:
        """Whether the function's package is part of a program of the tree, not of a library with examples and tools beside it.

        A library has its types in the package at the root of its module. A package of which the tree calls nearly all methods is not made
        for others, though.
        """
        path = func.scope.package.path
        return path in self._programs_packages and (path in self._used_up or not self._of_library(path))

    def offered(self, func: Func) -> bool:
        """Whether it is a method of a library that the tree calls only where that may be any of many: it is there for others too."""
        if func.recv is None or not func.exported or not func.recv.name[:1].isupper() or self.in_program(func):
            return False
        edges = self.incoming.get(func.id, ())
        return reachable_from_outside(func) and all(e.kind == "call" and e.candidates > _ANY_OF for e in edges)

    @cached_property
    def _used_up(self) -> frozenset[str]:
        """The packages of which the tree calls nearly all exported methods."""
        all_of, called = Counter[str](), Counter[str]()
        for unit in self.analysis.units.values():
            func = unit.func
            if func.recv is not None and func.outer is None and func.exported and not func.support:
                all_of[func.scope.package.path] += 1
                called[func.scope.package.path] += func.id in self.incoming
        return frozenset(path for path, n in all_of.items() if called[path] >= n * _NEARLY_ALL)

    def _of_library(self, path: str) -> bool:
        """Whether the package at the root of its module has types for others; where no module is known, the outermost one above it."""
        packages = self.analysis.program.packages
        parts = path.split("/")
        module = self.analysis.program.module_of(path)
        above = (module,) if module else ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        root = next((p for prefix in above if (p := packages.get(prefix)) is not None), None)
        return root is not None and root.name != "main" and any(t.methods for name, t in root.types.items() if name[:1].isupper())

    @cached_property
    def _programs_packages(self) -> frozenset[str]:
        mains = (m for m, root in self.roots.items() if root.kind == "main" and not _BESIDE & set(root.func.path.split("/")))
        return frozenset(p for main in mains for p in self.imported_by(main))

    def shared(self, func: Func, base: Base, overlapping: bool, seen: frozenset[str] = frozenset()) -> bool:
        """Whether two calls of ``func`` can get the same object as its parameter ``base``; ``overlapping`` if at the same time only.

        Plain parameters are taken to be different objects unless a caller is seen to pass one of its own twice; receivers of functions
        that several threads call are taken to be the same.
        """
        if func.id in seen:
            return False  # a recursion passes on what it was given
        root = self.roots.get(func.id)
        mine = base[2] == RECEIVER
        if root is not None and root.many and mine:
            return True
        edges = self.incoming.get(func.id, ())
        if mine and any(e.kind == "root" and e.many for e in edges):
            return True
        if not edges or len(seen) > _OWNERS:
            # callers from outside may well use one object, but nothing shows that they do so at the same time
            return mine and (not overlapping or bool(edges) or not func.exported)
        seen |= {func.id}
        # goroutines overlap even where they are started one after the other
        return any(self._passed_twice(e, target, overlapping and e.kind != "go", seen) for e in edges for target in e.args.get(base[2], ()))

    def left_to_library(self, func: Func) -> bool:
        """Whether a function outside the tree gets objects of the type, of whose exported methods the tree calls one at most itself."""
        if func.recv is None or func.recv.key not in self.analysis.handed_out:
            return False
        named = self.analysis.program.named(*func.recv.key)
        return named is not None and sum(m.id in self.incoming for m in named.methods.values() if m.exported) <= 1

    def one_at_a_time(self, func: Func) -> bool:
        """Whether a program of the tree calls the method, as one of many that an interface has, and nothing in the tree calls it twice
        at a time on one object."""
        followed = {func.id} if func.id in self.incoming else self.analysis.crowded.get(func.id, set())
        calls = [e for m in sorted(followed) for e in self.incoming.get(m, ()) if e.kind in ("call", "go") and e.candidates > _ANY_OF]
        by_program = any(e.caller.scope.package.path in self._programs_packages for e in calls)
        return by_program and not any(self._overlaps(e) for e in calls)

    def _overlaps(self, edge: Edge) -> bool:
        """Whether the call may be made on an object beside itself; on one that is not known whenever its caller runs often."""
        targets = edge.args.get(RECEIVER, ())
        if not targets or any(t.base[0] not in (ALLOC, GLOBAL, PARAM) for t in targets):
            return self.runs_many(edge.caller)
        return any(self._passed_twice(edge, t, edge.kind != "go", frozenset([edge.callee.id])) for t in targets)

    def _passed_twice(self, edge: Edge, target: Path, overlapping: bool, seen: frozenset[str]) -> bool:
        """Whether the call, executed several times, can pass the very object ``target`` again."""
        loops = () if overlapping else edge.loops
        if any(f"{ELEM}@{loop}" in target.fields for loop in edge.loops):
            return False
        if overlapping and any(m == WRITE and p.base == target.base for p, m in edge.locks):
            return False  # one call at a time
        kind, owner, _ = target.base
        if kind == GLOBAL:
            return bool(loops) or self.runs_many(edge.caller)
        maker = self.analysis.program.by_id.get(owner)
        if maker is None or maker.frame is not edge.caller.frame:
            return False
        if kind == PARAM:
            return bool(loops) or self.shared(maker, target.base, overlapping, seen)
        around = self.analysis.alloc_loops.get(target.base, ()) if kind == ALLOC else edge.loops
        return kind in (ALLOC, RESULT) and any(loop not in around for loop in loops)

    def struct_name(self, kind: Type) -> str:
        """``pkg.Name`` of a declared struct type or a pointer to one, "" for every other type."""
        types = self.analysis.types
        named = types.alias(types.deref(types.alias(kind)))
        if not isinstance(named, TName) or named.args:
            return ""
        found = self.analysis.program.named(named.pkg, named.name)
        return f"{named.pkg}.{named.name}" if found is not None and isinstance(found.decl.type, TStruct) else ""

    def made_on_the_way(self, edge: Edge, executed: Collection[str]) -> bool:
        """Whether a call of one of several stored functions fits its way: a literal that its maker has run at once is run by the maker.

        ``executed`` are the functions of the thread. Literals that are kept for later are run by anybody.
        """
        if edge.kind != "callback" or edge.candidates == 1 or edge.callee.outer is None:
            return True
        maker: Func | None = edge.callee.outer
        while maker is not None:
            if maker.id not in executed and edge.caller.id in self._run_by(maker.id):
                return False
            maker = maker.outer
        return True

    def _run_by(self, maker: str) -> frozenset[str]:
        """The functions that a call of ``maker`` runs on its own thread, a few calls down."""
        known = self._runs.get(maker)
        if known is None:
            found, level = {maker}, [maker]
            for _ in range(_CALLS_DOWN):
                level = [c for f in level for c in self._synchronous.get(f, ()) if c not in found]
                found.update(level)
            known = self._runs[maker] = frozenset(found)
        return known

    def runs_without(self, func: str, gate: str) -> frozenset[str]:
        """The functions that a call of ``func`` may run on its own thread without a call of ``gate``."""
        key = (func, gate)
        known = self._without.get(key)
        if known is None:
            found, pending = {func, gate}, [func]
            while pending:
                more = self._synchronous.get(pending.pop(), set()) - found
                found |= more
                pending.extend(more)
            known = self._without[key] = frozenset(found - {gate})
        return known

    @cached_property
    def _synchronous(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for callee, edges in self.incoming.items():
            for edge in edges:
                if not edge.starts_thread:
                    found.setdefault(edge.caller.id, set()).add(callee)
        return found

    def belongs(self, path: Path) -> bool:
        """Whether the map lies in the object that the path starts from, or in objects that were made for it and are kept nowhere else."""
        fields = [f for f in path.fields if not f.startswith(COPY)]
        while fields and is_elem(fields[-1]):
            fields.pop()
        return not any(is_elem(f) or not self._made_for(f) for f in fields[:-1])

    def _made_for(self, field: str) -> bool:
        """Whether each object with that field gets one of its own there: its constructor makes it, or whoever calls that."""
        known = self._made_for_field.get(field)
        if known is None:
            by_id, given = self.analysis.program.by_id, self.analysis.passed_on.get(field, ())
            known = all(p.base[0] == PARAM and not p.fields and self.made_each(by_id[p.base[1]], p.base) for p in given)
            self._made_for_field[field] = known
        return known

    def made_often(self, method: Func) -> bool:
        """Whether objects of the receiver's type are made by functions that run many times, or not in the tree."""
        if method.recv is None:
            return True
        made = self.analysis.made(".".join(method.recv.key))
        by_id = self.analysis.program.by_id
        return not made or any(bool(self.analysis.alloc_loops.get(base)) or self.runs_many(by_id[base[1]]) for base in made)

    def made_once(self, method: Func) -> bool:
        """Whether there is one object of the receiver's type, as far as the tree makes any."""
        return method.recv is not None and not self.made_often(method) and not self.analysis.several(".".join(method.recv.key))

    def calls(self, caller: Func, callee: Func) -> bool:
        return any(e.caller is caller and not e.starts_thread for e in self.incoming.get(callee.id, ()))

    def outlives(self, spawn: Edge) -> bool:
        """Whether the goroutine may still run when the function that starts it has returned, and not only where that gave up early."""
        unit = self.analysis.units.get(spawn.caller.id)
        ends = self.analysis.signals.get((spawn.caller.frame.id, spawn.id), ())
        known = self.analysis.summaries.get(spawn.caller.id)
        return known is None or (spawn.id in known.spawns and (unit is None or unit.waited.isdisjoint(ends)))

    def signallers(self, signal: Path) -> frozenset[str]:
        """The functions that send on, close or count down what ``signal`` names, in its own frame and the goroutines started there; where
        several goroutines run one of them, also these."""
        return frozenset(self._signallers.get(signal, ()))

    @cached_property
    def _signallers(self) -> dict[Path, set[str]]:
        found: dict[Path, set[str]] = {}
        started: set[tuple[Path, str]] = set()
        for unit in self.analysis.units.values():
            for signal in unit.signals:
                found.setdefault(signal, set()).add(unit.func.id)
        for (_, thread), ends in self.analysis.signals.items():
            edge = self.analysis.threads.get(thread)
            for signal in ends:
                by = found.setdefault(signal, set())
                callee = edge.callee.id if edge is not None else thread
                by.add(thread if (signal, callee) in started else callee)
                started.add((signal, callee))
        return found

    def only_way(self, spawn: Edge) -> list[Edge]:
        """The start of a goroutine and the calls that lead to it, innermost first, as far up as there is but one."""
        found = [spawn]
        while len(found) <= _OWNERS:
            func = found[-1].caller
            edges = self.incoming.get(func.id, ())
            if len(edges) != 1 or edges[0].starts_thread or func.id in self.roots:
                break
            found.append(edges[0])
        return found

    def held_around(self, spawn: Edge) -> Locks:
        """The locks that the function which starts a goroutine holds until it has waited for it, its callers' included."""
        entered = ((p, m) for p, m in self._entered_with(spawn.caller) if p not in spawn.dropped)
        return (*((p, m) for p, m in spawn.around if m in (READ, WRITE)), *entered)

    def _entered_with(self, func: Func, depth: int = 0) -> Locks:
        """The locks that every caller of ``func`` holds, in the terms of ``func``."""
        known = self._held_at_entry.get((func.id, depth))
        if known is not None:
            return known
        edges = self.incoming.get(func.id, ())
        if not edges or depth > _OWNERS or func.id in self.roots or any(e.starts_thread for e in edges):
            return ()
        held: dict[Path, str] | None = None
        for edge in edges:
            here = {
                q: m
                for p, m in (*self._entered_with(edge.caller, depth + 1), *edge.locks)
                for q in _handed_in(p, edge)
                if m in (READ, WRITE) and p not in edge.dropped
            }
            held = here if held is None else join_locks(held, here)
        self._held_at_entry[func.id, depth] = found = tuple(sorted((held or {}).items()))  # further up less is looked at
        return found

    def endless(self, func: Func, depth: int = 0) -> bool:
        """Whether ``func`` is a loop that only ends from within, itself or through what it calls once: such goroutines live long."""
        if any(isinstance(s, For) and s.init is None and s.post is None and _until_told(s.cond) for s in func.facts.body or ()):
            return True
        unit = self.analysis.units.get(func.id)
        return (
            depth < _OWNERS
            and unit is not None
            and any(e.kind == "call" and not e.loops and e.candidates == 1 and self.endless(e.callee, depth + 1) for e in unit.edges)
        )

    def made_each(self, func: Func, base: Base, depth: int = 0) -> bool:
        """Whether every object passed as the parameter ``base`` of ``func`` is made by the callers on the way: none is passed twice."""
        edges = self.incoming.get(func.id, ())
        if not edges or depth > _OWNERS:
            return False
        seen: set[Base] = set()
        for edge in edges:
            for target in edge.args.get(base[2], ()) or (None,):
                if target is None or target.base[1] != edge.caller.id or not self._made_anew(edge, target, seen, depth):
                    return False
        return True

    def _made_anew(self, edge: Edge, target: Path, seen: set[Base], depth: int) -> bool:
        """Whether the caller makes the object for this very call, or was passed one that was made for it."""
        if target.base[0] == ALLOC:
            around = self.analysis.alloc_loops.get(target.base, ())
            again = target.base in seen or any(loop not in around for loop in edge.loops)
            seen.add(target.base)
            return not again
        passed = target.base[0] == PARAM and not target.fields and not edge.loops
        return passed and self.made_each(edge.caller, target.base, depth + 1)


def _handed_in(path: Path, edge: Edge) -> tuple[Path, ...]:
    """A path of the edge's caller in the terms of its callee: what lies below an argument lies below the parameter."""
    if path.base[0] == GLOBAL or (edge.caller.frame is edge.callee.frame and edge.callee.outer is not None):
        return (path,)
    return tuple(
        Path((PARAM, edge.callee.id, index), path.fields[len(one.fields) :])
        for index, (one, *more) in sorted((i, a) for i, a in edge.args.items() if a)
        if not more and one.base == path.base and one.fields == path.fields[: len(one.fields)]
    )


def _until_told(cond: Expr | None) -> bool:
    """``for {`` or ``for running() {``."""
    inner = cond.x if isinstance(cond, Unary) and cond.op == "!" else cond
    return inner is None or isinstance(inner, Call)
