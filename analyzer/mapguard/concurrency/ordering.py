"""Whether two contexts can run at the same time: single roots, what happens before a go statement, after a Wait, during initialisation."""

from collections.abc import Iterator

from mapguard.concurrency.branches import exclusive
from mapguard.concurrency.callgraph import CallGraph
from mapguard.concurrency.contexts import API, Context, strength
from mapguard.concurrency.domain import (
    ALLOC,
    ELEM,
    GLOBAL,
    HANDLERS,
    PARAM,
    RECEIVER,
    RESULT,
    Base,
    Edge,
    Location,
    Path,
    below,
    is_elem,
    location,
)
from mapguard.concurrency.flags import before_flag, in_receiver, of_only_call, starts_once
from mapguard.concurrency.guards import lock_key
from mapguard.concurrency.promises import begins, once_an_object
from mapguard.program.model import Func

Point = tuple[Func, frozenset[str]]  # a function that a context passes through, and the goroutines live there


def same_single_root(a: Context, b: Context) -> bool:
    """One goroutine that is started once is not concurrent with itself; nor is main, nor one call of a single caller."""
    if a.thread.kind in ("main", "init") and b.thread.kind in ("main", "init"):
        return True  # one goroutine, or two programs
    if a.thread.many or b.thread.many:
        return False
    if a.thread.id == b.thread.id:
        return True
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x.callee is not y.callee or not once_an_object(x.callee):
        return False
    mine, theirs = x.args.get(RECEIVER, ()), y.args.get(RECEIVER, ())
    if a.path != b.path and (len(mine) != 1 or mine != theirs):
        return False
    return x.id not in y.live and y.id not in x.live  # one of two places starts the object's only goroutine of this kind


def one_of_two_starts(a: Context, b: Context) -> bool:
    """Whether the round of a loop that visits the object starts either the one goroutine or the other."""
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x.caller is not y.caller or not x.loops or x.loops != y.loops or a.path.base != b.path.base:
        return False
    visited = f"{ELEM}@{x.loops[-1]}"
    mine, theirs = a.path.fields, b.path.fields
    same = visited in mine and visited in theirs and mine[: mine.index(visited)] == theirs[: theirs.index(visited)]
    return same and exclusive(x.caller.facts.body or (), x.at, y.at)


def one_starts_it(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether both sides are part of one object's ``Start`` which only one goroutine runs: a loop starts goroutines for objects of many
    types, this is the only object of its type, and nothing else leads its goroutine to the two sides."""
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x.kind != "go" or x.caller is not y.caller or len(x.loops) != 1 or x.loops != y.loops:
        return False
    if (x is not y and not exclusive(x.caller.facts.body or (), x.at, y.at)) or graph.runs_many(x.caller):
        return False
    starts = _starts_of_element(graph, a) & _starts_of_element(graph, b)
    begun, ends = {x.callee.id, y.callee.id}, {a.access.func.id, b.access.func.id}
    return any(all(ends.isdisjoint(graph.runs_without(func, start)) for func in begun) for start in starts)


def _starts_of_element(graph: CallGraph, c: Context) -> set[str]:
    """The methods ``Start`` on the way that are called on the element at hand of the loop around the go statement, and on no other."""
    spawn = c.thread.spawn
    found: set[str] = set()
    for e in c.own:
        objects = e.args.get(RECEIVER, ())
        if spawn is None or not objects or not all(_in_element(graph, p, spawn) for p in objects):
            continue
        if e.kind == "call" and e.candidates > 1 and once_an_object(e.callee) and graph.made_once(e.callee):
            found.add(e.callee.id)
    return found


def _in_element(graph: CallGraph, path: Path, spawn: Edge) -> bool:
    """Whether it is the element at hand of the loop around the go statement, or what that refers to, in the goroutine's terms."""
    if path.fields and graph.analysis.by_value(path.fields[-1]):
        return False  # embedded, and in others as well
    if path.base[:2] == (PARAM, spawn.callee.id):
        given = spawn.args.get(path.base[2], ())
        return bool(given) and all(_at_hand(p, spawn) for p in given)
    return f"{ELEM}@{spawn.loops[-1]}" in path.fields


def different_program(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether the two threads belong to different commands of the tree, or a way leads through a type of another command."""
    mine, theirs = graph.programs(_home(a)), graph.programs(_home(b))
    if not mine or not theirs:
        return False
    for commands in (*_commands_of_types(graph, a), *_commands_of_types(graph, b)):
        mine, theirs = (found if "*" in found else found & commands for found in (mine, theirs))
    if "*" in mine and "*" in theirs:
        return False
    if "*" not in mine and "*" not in theirs:
        return not mine & theirs
    # one side is called by nobody in the tree: it is in the other's programs only where those import it
    named, unnamed = (mine, b) if "*" in theirs else (theirs, a)
    package = _home(unnamed).scope.package.path
    return not any(package in graph.imported_by(main) for main in named)


def _commands_of_types(graph: CallGraph, c: Context) -> Iterator[frozenset[str]]:
    """For each interface call on the way the commands that make objects of the type whose method it runs, where they are known."""
    for edge in c.chain:
        if edge.candidates > 1 and edge.callee.recv is not None:
            found = graph.programs_making(edge.callee.recv)
            if found and "*" not in found:
                yield found


def _home(c: Context) -> Func:
    return c.thread.spawn.caller if c.thread.spawn is not None else c.thread.func


def other_call(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``a`` is on a goroutine that its starter waits for, and ``b`` not part of that very call.

    What goes on between two such calls is decided by the contexts that follow ``a`` through its starter to the thread that waits.
    """
    spawn = a.thread.spawn
    if not a.within or spawn is None:
        return False
    starter = spawn.caller
    if any(e.starts_thread and e.caller is starter for e in b.own):
        return True
    if any(spawn.id in live and graph.calls(func, starter) for func, live in _points(b)):
        return False  # the call gave up early, its caller goes on beside the goroutine
    other = b.thread.spawn
    if other is not None and not graph.starters(other.id).isdisjoint(graph.spawns(starter)):
        return False
    return starter.id not in b.executed()


def self_parallel(graph: CallGraph, a: Context) -> bool:
    """Whether two activations of the thread of ``a`` can touch the same object at the same time."""
    thread = a.thread
    if not thread.many:
        return False
    base = a.path.base
    if a.stuck or (thread.spawn is not None and thread.spawn.series):
        return False
    if thread.spawn is not None and _of_this_round(thread.spawn, a.path):
        return _called_meanwhile(graph, thread.spawn, base)  # the innermost loop starts one goroutine for each element
    edge = thread.spawn
    if base[0] == PARAM and base[1] == thread.func.id and base[2] != RECEIVER:
        return False  # what the starter passes is not known: most likely another object each time
    if base[0] == PARAM and edge is not None and edge.kind == "go":
        owner = graph.analysis.program.by_id.get(base[1])
        if not edge.loops and not edge.many and starts_once(graph, edge, a.path):
            return False
        if any(e.kind == "callback" and e.candidates > 1 for e in a.own) and graph.endless(edge.callee):
            return False  # each long-lived goroutine has a function of its own to run
        if owner is None or edge.loops or edge.many or owner.frame is not edge.caller.frame:
            return True
        if (
            base[2] == RECEIVER
            and (once_an_object(edge.caller) or graph.endless(edge.callee))
            and (graph.belongs(a.path) or not graph.made_often(owner))
        ):
            return False  # an object's own long-lived goroutine: starting a second one would be a leak
        return graph.shared(owner, base, overlapping=not graph.outlives(edge))
    if base[0] not in (ALLOC, RESULT):
        return edge is None or edge.kind != "go" or not _of_one_start(graph, edge)
    if made_itself(graph, a):
        return False  # every activation has its own
    if edge is not None and base[0] == ALLOC and base[1] == edge.caller.id:
        # memory of the spawner: only the goroutines of one activation share it
        loops = graph.analysis.alloc_loops.get(base, ())
        return edge.kind == "root" or edge.many_itself or any(at not in loops for at in edge.loops)
    return True


def _of_this_round(spawn: Edge, path: Path) -> bool:
    """Whether the goroutine gets the element at hand of the loop that starts it, under whatever name."""
    if not spawn.loops:
        return False
    given = [names for names in spawn.args.values() if any(_at_hand(p, spawn) for p in names)]
    return f"{ELEM}@{spawn.loops[-1]}" in path.fields or any(below(path, p) for names in given for p in names)


def _at_hand(path: Path, spawn: Edge) -> bool:
    """Whether it is the element at hand of the loop that starts the goroutine."""
    return bool(spawn.loops) and f"{ELEM}@{spawn.loops[-1]}" in path.fields[-1:]


def _of_one_start(graph: CallGraph, spawn: Edge) -> bool:
    """Whether the goroutine is started only where an object's life begins, whose type has but one object.

    That a loop over objects of many types calls or starts it through an interface makes no second start of that object.
    """
    started = spawn.callee
    if started.outer is None and once_an_object(started) and any(_at_hand(p, spawn) for p in spawn.args.get(RECEIVER, ())):
        return graph.made_once(started)
    for e in graph.only_way(spawn):
        if e.loops or e.many:
            return False
        if once_an_object(e.caller):
            return graph.made_once(e.caller.frame)
    return False


def _called_meanwhile(graph: CallGraph, spawn: Edge, base: Base) -> bool:
    """Whether one function calls the starter again, with the same object, while goroutines of the call before may be running."""
    if base[0] != PARAM or base[1] != spawn.caller.id:
        return False
    calls = [(e, e.args.get(base[2], ())) for e in graph.incoming.get(spawn.caller.id, ()) if not e.starts_thread]
    for again, same in calls:
        if spawn.id not in again.live or len(same) != 1:
            continue
        kept = same[0].base[0] in (PARAM, GLOBAL) and not any(is_elem(f) for f in same[0].fields)
        if kept and any(e.caller is again.caller and e is not again and paths == same for e, paths in calls):
            return True
    return False


def made_itself(graph: CallGraph, c: Context) -> bool:
    """Whether the thread runs the function that makes the object, or calls it for a function literal that captured the object, or for an
    object whose functions then lead to the access."""
    base = c.path.base
    maker = graph.analysis.program.by_id.get(base[1])
    if c.ran(maker):
        return True
    if maker is None or base[0] not in (ALLOC, RESULT):
        return False
    for edge in c.own:
        if base[0] == RESULT:
            if _got_by_own_call(graph, edge, base, maker):
                return True
            continue
        if _of_own_call(graph, c, edge, maker):
            return True
        paths = edge.args.get(RECEIVER, ())
        if paths and all(p.base[:2] == (ALLOC, edge.caller.id) and not p.fields and _made_in(graph, p.base, maker) for p in paths):
            return True
    return False


def _got_by_own_call(graph: CallGraph, edge: Edge, base: Base, maker: Func) -> bool:
    """Whether the caller of the edge passes on what ``maker`` has made for its call, and kept somewhere as well."""
    if (ALLOC, *base[1:]) not in graph.analysis.alloc_loops or not graph.calls(edge.caller, maker):
        return False
    return any(all(p.base == base and not p.fields for p in paths) for paths in edge.args.values() if paths)


def _of_own_call(graph: CallGraph, c: Context, edge: Edge, maker: Func) -> bool:
    """Whether the edge calls a literal of ``maker`` that a function of the thread has got from its own call of that."""
    frame = edge.caller.frame
    if edge.kind not in ("call", "defer") or edge.candidates > 1 or edge.callee.outer is None or edge.callee.frame is not maker.frame:
        return False
    return frame is not maker.frame and frame.id in c.executed() and graph.calls(frame, maker.frame)


def _made_in(graph: CallGraph, base: Base, maker: Func) -> bool:
    """Whether ``base`` is what a call of ``maker`` has made, directly or through others that return it."""
    seen = {base}
    at = graph.analysis.renamed.get(base)
    while at is not None and at not in seen:
        if at[1] in (maker.id, maker.frame.id):
            return True
        seen.add(at)
        at = graph.analysis.renamed.get(at)
    return False


def _frame_id(graph: CallGraph, func_id: str) -> str:
    func = graph.analysis.program.by_id.get(func_id)
    return func.frame.id if func is not None else func_id


def initialising(graph: CallGraph, a: Context, b: Context) -> bool:
    """Package initialisation happens before everything; what main does happens before handlers that a server runs.

    A long-lived goroutine that main waits for is no initialisation.
    """
    for one, other in ((a, b), (b, a)):
        if one.thread.kind == "init":
            return True
        if one.thread.kind == "main" and other.thread.kind not in ("goroutine", "main", "timer", "callback"):
            return not any(e.kind == "go" and graph.endless(e.callee) for e in one.own)
    return False


def ordered(graph: CallGraph, a: Context, b: Context) -> bool:
    return _in_phases(graph, a, b) or any(_one_way(graph, x, y) for x, y in ((a, b), (b, a)))


def _one_way(graph: CallGraph, a: Context, b: Context) -> bool:
    if _before_or_after(graph, a, b) or _waited_for(graph, a, b) or _announced(graph, a, b) or _in_turn(a, b):
        return True
    return of_only_call(graph, a, b) or before_flag(graph, a, b) or _before_handlers(graph, a, b)


def _in_turn(a: Context, b: Context) -> bool:
    """Whether one call starts both goroutines, one when the other is not there: it has waited for ``a``, or starts only one of them.

    What several such calls do to each other is decided by the contexts that follow ``a`` through its starter.
    """
    x, y = a.thread.spawn, b.thread.spawn
    if not a.within or x is None or y is None or x is y or y.kind != "go" or x.caller is not y.caller:
        return False
    return x.id not in y.live and y.id not in x.live


def _waited_for(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``b`` comes after a wait for what a goroutine on the way to ``a`` does last: a channel or group that lies beside the map."""
    if not b.joined:
        return False
    for edge in a.chain:
        if edge.kind == "go":
            ends = graph.analysis.signals.get((edge.caller.frame.id, edge.id), ())
            if any(_one_signal(a.path, end, b.path, waited) for end in sorted(ends) for waited in b.joined):
                return True
    return False


def _in_phases(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether one call starts both goroutines through the steps that it goes through, none of them while the other may be there.

    Each of its calls must be about an object of its own, or it is called once.
    """
    x, y = a.thread.spawn, b.thread.spawn
    if x is None or y is None or x is y or not x.kind == y.kind == "go":
        return False
    up, down = graph.only_way(x), graph.only_way(y)
    callers = [e.caller for e in down]
    meet = next((i for i, e in enumerate(up) if e.caller in callers), None)
    if meet is None:
        return False
    common = up[meet].caller
    down = down[: callers.index(common) + 1]
    if any(x.id in e.live for e in down) or any(y.id in e.live for e in up[: meet + 1]):
        return False
    return not graph.runs_many(common) or (_object_of_one_call(graph, x, a.path) and _object_of_one_call(graph, y, b.path))


def _object_of_one_call(graph: CallGraph, spawn: Edge, path: Path) -> bool:
    """Whether other calls of the function that starts the goroutine are about other objects."""
    kind, owner, _ = path.base
    if kind == PARAM and owner == spawn.caller.frame.id:
        return not graph.shared(spawn.caller.frame, path.base, overlapping=False)
    return kind == ALLOC and _frame_id(graph, owner) == spawn.caller.frame.id


def _announced(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``b`` comes after a wait for what only the thread of ``a`` signals, and that when it is done with its access.

    The channel or group is a variable of one call; where several threads like ``a`` run, it is made by each of them.
    """
    for waited in b.joined:
        maker = graph.analysis.program.by_id.get(waited.base[1])
        if waited.base[0] != ALLOC or waited.fields or maker is None or (a.thread.many and maker.id not in a.executed()):
            continue
        early = any(waited in e.signaled for e in a.own) or waited in a.access.signaled
        by = graph.signallers(waited)
        if by and not early and by <= a.executed():
            return True
    return False


def _one_signal(a_map: Path, end: Path, b_map: Path, waited: Path) -> bool:
    """Whether what one side signals is what the other waits for: the same variable, or beside the map on both sides; not one of many."""
    if end == waited and end.base[0] in (GLOBAL, ALLOC):
        return not any(is_elem(f) for f in end.fields)
    a, b = lock_key(a_map, end), lock_key(b_map, waited)
    if a.kind is None or a.kind != b.kind:
        return False
    if a.relative is None or b.relative is None:
        found = location(a_map)
        return found is not None and found[0].kind == a.kind.kind == "field" and _owner(found[0]) == _owner(a.kind)
    return a.relative[1] == b.relative[1] and not any(is_elem(f) for f in a.relative[1])


def _before_handlers(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``b`` is a handler that was registered with an informer by a call which ``a`` is part of, and which has run none by then."""
    spawn = b.thread.spawn
    if spawn is None or spawn.root != "informer":
        return False
    points = _points(a)
    by = next((i for i, (func, _) in enumerate(points) if spawn.id in graph.spawns(func)), None)
    if by is None or any(HANDLERS in live for _, live in points[by:]):
        return False
    func = points[by][0]
    return HANDLERS in graph.analysis.summary(func).spawns and (once_an_object(func) or not graph.runs_many(func))


def _owner(field: Location) -> str:
    return field.name.rpartition(".")[0]


def _before_or_after(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether ``b`` happens in the spawning thread of ``a`` while ``a``'s goroutine is not running: before go, or after the join."""
    spawn = a.thread.spawn
    if spawn is None or spawn.kind != "go" or (a.thread.id == b.thread.id and (spawn.loops or spawn.many_itself)):
        return False  # siblings, started by one loop, are beside each other whatever they start in turn
    base = a.path.base
    points = _points(b)
    starters = graph.starters(spawn.id)
    if b.thread.kind == "main" and all(starters.isdisjoint(live) for _, live in points):
        return True  # main is where everything starts: what it has not started yet comes later
    if b.path.base[0] == ALLOC:
        points = _since(points, graph.analysis.program.by_id.get(b.path.base[1]))  # what runs from calls before has other objects
    once = _started_by_start(graph, a, b)
    if a.within or once:  # where the other side runs the starter too, it is about what happens in that call
        points = points[next((i for i, (func, _) in enumerate(points) if func is spawn.caller), 0) :]
    for func, live in points:
        started = graph.spawns(func) & starters
        if spawn.caller is func or started:
            if spawn.id in live or not live.isdisjoint(started):
                return False
            if a.within:
                return True  # what other calls do is not this context's business
            private = base[0] == ALLOC and _frame_id(graph, base[1]) == func.frame.id
            if base[0] == PARAM and b.path.base[0] == ALLOC and b.path.base[1] in b.executed():
                private = private or graph.made_each(spawn.caller, base)
            again = (graph.runs_many(func) or comes_back(b)) and not _lives_in(b)
            return once or private or not again or b.thread.kind == "main"
    return False


def comes_back(c: Context) -> bool:
    """Whether who runs the thread from outside does so again and again: one handler at a time still follows another."""
    return c.thread.kind not in ("main", "init") and (c.thread.spawn is None or c.thread.spawn.kind == "root")


def _lives_in(c: Context) -> bool:
    """Whether it is ``Run``, ``Start`` or the like, called from outside on the very object: that happens once."""
    func = c.thread.func
    return strength(c) == API and c.path.base == (PARAM, func.id, RECEIVER) and once_an_object(func)


def _started_by_start(graph: CallGraph, a: Context, b: Context) -> bool:
    """Whether it is ``Start`` or the like that starts the object's goroutine, and ``b`` is part of that: an object is started once."""
    spawn = a.thread.spawn
    if spawn is None or not begins(spawn.caller) or not b.ran(spawn.caller) or not in_receiver(graph, spawn.caller, a.path, ()):
        return False
    return in_receiver(graph, spawn.caller, b.access.path, b.own)


def _points(c: Context) -> list[Point]:
    """The functions that a context passes through with the goroutines live there, innermost last."""
    return [*((edge.caller, edge.live) for edge in c.own), (c.access.func, c.access.live)]


def live_since(c: Context, maker: Func) -> frozenset[str]:
    """The goroutines that may be running at the access, of those that were started since the call of ``maker`` on the way."""
    return frozenset().union(*(live for _, live in _since(_points(c), maker)))


def _since(points: list[Point], maker: Func | None) -> list[Point]:
    """The points from the call of ``maker`` on; all of them when it is not on the way."""
    made = next((i for i, (func, _) in enumerate(points) if maker is not None and func.frame is maker.frame), 0)
    return points[made:]
