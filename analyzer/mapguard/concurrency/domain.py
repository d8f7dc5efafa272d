"""The abstract domain: access paths, values, locksets, accesses, call edges. States are in ``state``, effects in ``summary``.

An access path names memory the way the code reaches it: a base (parameter, package variable, allocation, unknown result) and the
fields walked from there. Field elements are identities ``pkg.Owner.field``, so the last one names the location for every instance.
After RacerD (Blackshear et al., OOPSLA 2018): compositional summaries over access paths, ownership of allocations, no alias analysis.
"""

import functools
from typing import NamedTuple

from mapguard.facts.syntax import TName, TUnknown, Type
from mapguard.program.model import Func

Base = tuple[str, str, int]
PARAM, GLOBAL, ALLOC, RESULT, RECEIVED = "p", "g", "a", "r", "c"
RECEIVER = -1

ELEM = "[]"  # an element of a map, slice, array or channel; "[]@N": the element at hand of the range loop at offset N
COPY = "~"  # prefix of a marker: the struct value was copied here, reference fields are still shared
FLIGHT = "@"  # between a field and the place of a call that runs functions one at a time
CLAIM = f"{FLIGHT}key"  # at the end of a set's field: the lock that a key in it stands for
CALLED = "()"  # at the end of what is signalled: the function there was called, and whoever passed it knows what that signals
READ_HALF = "@r"  # the Locker that RWMutex.RLocker returns
LENGTH_LIMIT = 12
ALIAS_LIMIT = 4
UNKNOWN_TYPE = TUnknown()
OUTSIDE = TName("?", "outside")  # some type of a library: what is called on it is not in the tree

READ, WRITE = "read", "write"
NIL, MADE, ZERO = "nil", "made", "zero"  # what a value is known to be: nil, an object (not nil), what a new object has
JOINED = "joined"  # waited for: what the one who signals did before has been done
DROPPED = "dropped"  # given up on the way: that a caller held it says nothing any more
HANDLERS = "handlers"  # stands among the goroutines for those that run the handlers registered with informers
TOKEN = "token"  # an element was put into a channel that may hold one only: a lock if it does


@functools.cache
def _owner(field: str) -> str:
    """``pkg.Owner`` of a field; "" for elements, copies and fields of unknown types."""
    return "" if field[:1] in (*ELEM[:1], COPY, "?") else field.rpartition(".")[0]


@functools.lru_cache(maxsize=1 << 18)
def _extended(found: tuple[str, ...], fields: tuple[str, ...]) -> tuple[str, ...]:
    """See ``Path.plus``; the same few ways are walked again and again."""
    for f in fields:
        owner = _owner(f)
        if owner and found and _owner(found[-1]):
            found = next((found[:i] for i, g in enumerate(found) if _owner(g) == owner), found)
        found = (*found, f)
    if len(found) > LENGTH_LIMIT:
        kept = min(len(fields), LENGTH_LIMIT)
        found = found[: LENGTH_LIMIT - kept] + found[-kept:] if kept else found[:LENGTH_LIMIT]
    return found


class Path(NamedTuple):
    base: Base
    fields: tuple[str, ...] = ()

    def plus(self, *fields: str) -> "Path":
        """The path extended. One that comes back to an object's type takes the way back to that object: ``s.clients[].server.mu`` is
        ``s.mu``; only elements of a type's own type are objects beside it.

        Over the length limit the last parts are kept. After the access graphs of Khedker, Sanyal and Karkare (TOPLAS 2007).
        """
        return Path(self.base, _extended(self.fields, fields))

    def plain(self) -> "Path":
        """Without the loops that elements come from: what memory is keyed by."""
        if any(len(f) > 2 and f.startswith(ELEM) for f in self.fields):
            return Path(self.base, tuple(ELEM if f.startswith(ELEM) else f for f in self.fields))
        return self

    def uncopied(self) -> "Path":
        """Without a copy marker at its end."""
        return Path(self.base, self.fields[:-1]) if self.fields and self.fields[-1].startswith(COPY) else self

    def original(self) -> "Path":
        """Without copy markers: what a copy's reference fields share with the original."""
        return Path(self.base, tuple(f for f in self.fields if not f.startswith(COPY)))

    @property
    def is_copy(self) -> bool:
        return any(f.startswith(COPY) for f in self.fields)


def is_elem(field: str) -> bool:
    return field.startswith(ELEM)


def named_fields(path: Path) -> list[str]:
    """The fields on the way, without elements and copy markers."""
    return [f for f in path.fields if not is_elem(f) and not f.startswith(COPY)]


def below(path: Path, top: Path) -> bool:
    """Whether the path leads through ``top``."""
    return path.base == top.base and path.fields[: len(top.fields)] == top.fields


def show_base(base: Base) -> str:
    kind, owner, at = base
    if kind == PARAM:
        return "recv" if at == RECEIVER else f"arg{at}"
    return owner.rsplit("/", 1)[-1] if kind == GLOBAL else f"{kind}{at}"


def show_path(path: Path) -> str:
    text = show_base(path.base)
    for f in path.fields:
        text += f if is_elem(f) or f.startswith(COPY) else "." + f.rsplit(".", 1)[-1]
    return text


class Location(NamedTuple):
    """What accesses are grouped by: a field for all instances, a package variable, a local allocation, a parameter without callers."""

    kind: str  # field, global, local, param
    name: str
    at: int = 0


def location(path: Path) -> tuple[Location, int] | None:
    """The map that ``path`` names and the nesting depth of the content (1: elements of the outer map). None for bare parameters."""
    fields = path.fields
    end = len(fields)
    depth = 0
    while end and (is_elem(fields[end - 1]) or fields[end - 1].startswith(COPY)):
        depth += is_elem(fields[end - 1])
        end -= 1
    if end:
        return Location("field", fields[end - 1]), depth
    kind, owner, at = path.base
    if kind == GLOBAL:
        return Location("global", owner), depth
    if kind == ALLOC:
        return Location("local", owner, at), depth
    return None


def passed_map(path: Path) -> tuple[Location, int] | None:
    """The same for a map that is a plain parameter, where no caller has another name for it."""
    kind, owner, at = path.base
    named = kind == PARAM and at != RECEIVER and all(is_elem(f) for f in path.fields)
    return (Location("param", owner, at), len(path.fields)) if named else None


Place = Base | str  # where objects are kept: a base, or the identity of a field, for all instances


def place(path: Path) -> Place:
    """Where the object is kept that ``path`` names: its last field; elements count as their container."""
    for f in reversed(path.fields):
        if not is_elem(f) and not f.startswith(COPY):
            return f
    return path.base


def keeper(path: Path) -> str:
    """The field that holds the object itself, for all instances; a field's elements are told from what the field holds."""
    found = place(path)
    if not isinstance(found, str):
        return ""
    return f"{found}[]" if is_elem(path.uncopied().fields[-1]) else found


class FuncVal(NamedTuple):
    """A function value: a function of the tree or the model name of one outside, with its bound receiver."""

    target: Func | str
    recv: "Value | None" = None


class Value(NamedTuple):
    """What an expression may be: its type, the paths it may alias, the functions it may be.

    ``under``: the locks, with their modes, that were held when a map was taken out of its field to be used under another name.
    ``known``: what it is where it is written as a constant, ``nil``, or something made on the spot (see ``requirements``); no variable
    has that.
    """

    type: Type = UNKNOWN_TYPE
    paths: tuple[Path, ...] = ()
    funcs: tuple[FuncVal, ...] = ()
    under: frozenset[tuple[Location, str]] = frozenset()
    known: str = ""


NOTHING = Value()


def merge_values(a: Value, b: Value) -> Value:
    if a == b:
        return a
    kind = b.type if a.type == UNKNOWN_TYPE else a.type
    paths = a.paths + tuple(p for p in b.paths if p not in a.paths)
    funcs = a.funcs + tuple(f for f in b.funcs if f not in a.funcs)
    under = a.under | b.under if is_new(a) or is_new(b) else a.under & b.under
    return Value(kind, paths[:ALIAS_LIMIT], funcs[:ALIAS_LIMIT], under)


def is_new(value: Value) -> bool:
    """Whether it is nothing, or objects made on the spot: nobody has to take them out of a field."""
    return all(p.base[0] in (ALLOC, RESULT) and not p.fields for p in value.paths)


Locks = tuple[tuple[Path, str], ...]  # sorted by path; mode READ, WRITE, TOKEN, JOINED or DROPPED


class Need(NamedTuple):
    """A condition on a call: ``of`` (a parameter, or a field of what it points to) compares as ``op`` says with one of ``values``, or with
    none of them where ``op`` is "!="."""

    of: Path
    op: str  # ==, !=, <, <=, >, >=
    values: tuple[str, ...]


Needs = frozenset[Need]
NO_NEEDS: Needs = frozenset()
Intact = dict[Base, frozenset[str]]


def both_intact(a: Intact, b: Intact) -> Intact:
    return a if a is b or a == b else {base: fields | b[base] for base, fields in a.items() if base in b}


def both_woken(a: frozenset[Place], b: frozenset[Place]) -> frozenset[Place]:
    return a | b if a and b else frozenset()


class Access:
    """One access of a map in one function.

    ``owned``: no other goroutine can reach the object yet. ``alias``: the map is used under a local name or as a call's result, not under
    the name of the field. ``private``: the object is an allocation that only goroutines started beside it can reach.
    ``weak``: it is an argument of an unknown function. ``under`` as in ``Value``, ``needs`` and ``signaled`` as in ``State``. ``dropped``
    are locks of the caller that may have been given up before. ``made``: the same map under the name of an allocation of this function
    that is also kept where ``path`` finds it. ``leaks``: the map is returned from under a lock, for callers outside the tree to read.
    ``woken`` as in ``State``. ``renewed``: the function has put a new map there before, on every way.
    """

    __slots__ = (
        "alias",
        "at",
        "dropped",
        "end",
        "func",
        "leaks",
        "live",
        "locks",
        "made",
        "needs",
        "op",
        "owned",
        "path",
        "private",
        "renewed",
        "signaled",
        "type",
        "under",
        "weak",
        "woken",
    )

    def __init__(
        self,
        func: Func,
        op: str,
        path: Path,
        kind: Type,
        at: int,
        end: int,
        locks: Locks,
        owned: bool,
        live: frozenset[str],
        weak: bool,
        alias: bool,
        private: bool,
        under: frozenset[tuple[Location, str]] = frozenset(),
        dropped: frozenset[Path] = frozenset(),
    ) -> None:
        self.func = func
        self.op = op
        self.path = path
        self.type = kind
        self.at = at
        self.end = end
        self.locks = locks
        self.owned = owned
        self.live = live
        self.weak = weak
        self.alias = alias
        self.private = private
        self.under = under
        self.dropped = dropped
        self.needs = NO_NEEDS
        self.signaled: frozenset[Path] = frozenset()
        self.made: Path | None = None
        self.leaks = False
        self.renewed = False
        self.woken: frozenset[Place] = frozenset()

    @property
    def writes(self) -> bool:
        return self.op in ("write", "delete", "replace")

    def show(self) -> str:
        held = ", ".join(f"{show_path(p)}:{m}" for p, m in self.locks)
        owned = " owned" if self.owned else ""
        return f"{self.op} {show_path(self.path)} at {self.func.path}:{self.at} in {self.func.display} holding [{held}]{owned}"


class Edge:
    """One way from a caller to a callee. ``kind``: call, defer, callback (all synchronous), once, go, root.

    ``args`` maps parameter indices (``RECEIVER`` for the receiver) to what the caller passes; ``owned`` are the allocations that nobody
    else can reach at the site; ``loops`` the loops around it. ``around`` are locks that the caller of a goroutine holds from its start
    until it has waited for its end. ``signaled`` and ``woken`` as in ``State``.
    """

    __slots__ = (
        "args",
        "around",
        "at",
        "callee",
        "caller",
        "candidates",
        "dropped",
        "end",
        "intact",
        "kind",
        "known",
        "live",
        "locks",
        "loops",
        "many",
        "needs",
        "owned",
        "private",
        "queued",
        "root",
        "series",
        "signaled",
        "stores",
        "taken",
        "woken",
    )

    def __init__(
        self,
        kind: str,
        caller: Func,
        callee: Func,
        at: int,
        end: int,
        args: dict[int, tuple[Path, ...]],
        locks: Locks,
        owned: frozenset[Base],
        live: frozenset[str],
        loops: tuple[int, ...],
        many: bool = False,
        root: str = "",
    ) -> None:
        self.kind = kind
        self.caller = caller
        self.callee = callee
        self.at = at
        self.end = end
        self.args = args
        self.locks = locks
        self.owned = owned
        self.live = live
        self.loops = loops
        self.many = many
        self.root = root
        self.around: Locks = ()
        self.dropped: frozenset[Path] = frozenset()  # as in ``Access``
        self.series = ""  # equal for the functions that one goroutine runs in turn
        self.signaled: frozenset[Path] = frozenset()
        self.woken: frozenset[Place] = frozenset()
        self.queued = False  # the function is taken out of a queue or list, all of which are run sooner or later
        self.candidates = 1  # how many functions the call may run: more than one is a guess for each
        self.private: frozenset[Base] = frozenset()  # allocations passed that are not published
        self.taken: dict[int, frozenset[tuple[Location, str]]] = {}  # ``Value.under`` of the arguments
        self.stores: dict[Path, tuple[Path, ...]] = {}  # what fields and elements of passed allocations hold
        self.known: dict[int, str] = {}  # ``Value.known`` of the arguments
        self.needs = NO_NEEDS  # as in ``State``
        self.intact: Intact = {}  # those of ``State.intact`` that are passed

    @property
    def id(self) -> str:
        return f"{self.caller.id}@{self.at}>{self.callee.id}"

    @property
    def many_itself(self) -> bool:
        """Whether one execution of the call starts several goroutines (no loop around it is needed)."""
        return self.many and not self.loops

    @property
    def starts_thread(self) -> bool:
        return self.kind in ("go", "root")


class Root(NamedTuple):
    """A function that something outside the tree calls: a handler, a callback, ``main``, an exported function."""

    kind: str
    many: bool
    func: Func
