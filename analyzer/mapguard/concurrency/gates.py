"""Bodies to the flags of an object that decide there how often, or how late, a call may still do something.

``if s.started { return }; s.started = true`` under a lock, or ``!s.started.CompareAndSwap(false, true)``: one call on each object gets
past that. ``if s.started { panic(…) }`` under a lock, where ``Start`` sets the flag under the same lock: none does so after the start.
The flag must never be taken back.
"""

from typing import NamedTuple

from mapguard.facts.syntax import Assign, Binary, Call, DeferStmt, Expr, ExprStmt, If, Lit, Name, Return, Sel, Stmt, Unary
from mapguard.facts.walk import nodes, start_of
from mapguard.program.model import Func

_ENDS = ("panic", "Exit", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf")
_ASKS = ("Load", "CompareAndSwap", "Swap", "Store")
_END = 1 << 40  # behind every body


class Mark(NamedTuple):
    """A flag of the receiver, the lock of the receiver that is held there, and the part of the body that comes after, ``end`` where the
    lock is given up."""

    flag: str
    lock: str
    at: int
    end: int = _END


class Gates:
    """Answers for one program; what bodies say is remembered."""

    def __init__(self, funcs: list[Func]) -> None:
        self._funcs = funcs
        self._known: dict[str, _Marks] = {}
        self._inside: dict[str, list[Func]] = {}
        self._kept: dict[tuple[str, str], bool] = {}
        self._refusals: dict[str, list[Refusal]] = {}

    def only_call(self, func: Func) -> int:
        """From where on the body of ``func`` is run once for each object at most; -1 for nowhere."""
        return min((m.at for m in self._marks(func).first if self._one_way(func, m.flag)), default=-1)

    def refusals(self, func: Func) -> list["Refusal"]:
        """Where the body of ``func`` goes on only if a flag is not set, with the lock under which that is set."""
        known = self._refusals.get(func.id)
        if known is None:
            asked = self._marks(func).asked
            found = ((m, self._setters(func, m)) for m in asked if self._one_way(func, m.flag))
            known = self._refusals[func.id] = [Refusal(m, setters) for m, setters in found if setters]
        return known

    def _setters(self, func: Func, mark: Mark) -> dict[str, int]:
        """The methods of the type of ``func`` that set the flag, by where; none if somebody does so without the lock."""
        found: dict[str, int] = {}
        for f in self._of_package(func):
            if _sets(f.facts.body, mark.flag):
                at = next((m.at for m in self._marks(f).set if (m.flag, m.lock) == (mark.flag, mark.lock)), -1)
                if at < 0 or not _same_type(f, func):
                    return {}
                found[f.id] = at
        return found

    def _marks(self, func: Func) -> "_Marks":
        if func.id not in self._known:
            recv = func.facts.recv.name if func.facts.recv is not None and func.pointer and func.outer is None else ""
            self._known[func.id] = _read(func.facts.body or (), recv) if recv not in ("", "_") else _Marks((), (), ())
        return self._known[func.id]

    def _of_package(self, func: Func) -> list[Func]:
        if not self._inside:
            for f in self._funcs:
                self._inside.setdefault(f.scope.package.path, []).append(f)
        return self._inside.get(func.scope.package.path, [])

    def _one_way(self, func: Func, flag: str) -> bool:
        """Whether nobody can take the flag back: a field of this name is known to its package only, and set to true there."""
        key = (func.scope.package.path, flag)
        if key not in self._kept:
            self._kept[key] = not flag[:1].isupper() and not any(_takes_back(f.facts.body, flag) for f in self._of_package(func))
        return self._kept[key]


class Refusal(NamedTuple):
    """``setters``: the methods that set the flag of ``mark``, and where in their bodies."""

    mark: Mark
    setters: dict[str, int]


class _Marks(NamedTuple):
    """``asked``: the flags that end the body where they are set; ``set``: those that it sets; ``first``: those that let one call on."""

    asked: tuple[Mark, ...]
    set: tuple[Mark, ...]
    first: tuple[Mark, ...]


def _read(body: tuple[Stmt, ...], recv: str) -> _Marks:
    """Goes down the body, statement by statement, with the lock that it holds."""
    asked: list[Mark] = []
    sets: list[Mark] = []
    first: list[Mark] = []
    lock: str | None = None
    section = 0  # of ``asked`` the first one under the lock at hand
    for statement in body:
        match statement:
            case ExprStmt(x=Call(fn=Sel(x=holder, name="Lock"))):
                lock, section = _below(holder, recv), len(asked)
            case DeferStmt():
                pass
            case If(init=None, cond=cond, then=then, other=(), at=at) if _ends(then):
                asked.extend(Mark(flag, lock, at) for flag in _flags(cond, recv) if lock is not None)
                if flag := _swapped(cond, recv):
                    first.append(Mark(flag, "", at))
            case Assign(lhs=(target,), op="=", rhs=(Name(name="true"),), at=at) if lock is not None and (flag := _field(target, recv)):
                sets.append(Mark(flag, lock, at))
                if any(m.flag == flag for m in asked[section:]):
                    first.append(Mark(flag, lock, at))
            case _ if lock is not None and _gives_up(statement):
                asked[section:] = [m._replace(end=start_of(statement)) for m in asked[section:]]
                lock = None
    return _Marks(tuple(asked), tuple(sets), tuple(first))


def _flags(cond: Expr, recv: str) -> list[str]:
    """The flags each of which makes the condition true."""
    if isinstance(cond, Binary) and cond.op == "||":
        return [*_flags(cond.x, recv), *_flags(cond.y, recv)]
    return [flag] if (flag := _field(cond, recv)) else []


def _below(x: Expr, recv: str) -> str | None:
    """The name of the field of the receiver, "" for the receiver itself; None for everything else."""
    return "" if isinstance(x, Name) and x.name == recv else _field(x, recv) or None


def _field(x: Expr, recv: str) -> str:
    return x.name if isinstance(x, Sel) and isinstance(x.x, Name) and x.x.name == recv else ""


def _ends(then: tuple[Stmt, ...]) -> bool:
    """Whether the branch does not go on behind it."""
    last = then[-1] if then else None
    if isinstance(last, ExprStmt) and isinstance(last.x, Call):
        called = last.x.fn
        return isinstance(called, Name | Sel) and called.name in _ENDS
    return isinstance(last, Return)


def _swapped(cond: Expr, recv: str) -> str:
    """The flag that the condition sets where it is not true: ``!s.f.CompareAndSwap(false, true)``, ``s.f.Swap(true)``."""
    match cond:
        case Unary(op="!", x=Call(fn=Sel(x=target, name="CompareAndSwap"), args=(Name(name="false"), Name(name="true")))):
            return _field(target, recv)
        case Call(fn=Sel(x=target, name="Swap"), args=(Name(name="true"),)):
            return _field(target, recv)
        case Unary(op="!", x=Call(fn=Sel(x=Name(name="atomic"), name=name), args=(Unary(op="&", x=target), old, new))):
            return _field(target, recv) if name.startswith("CompareAndSwap") and (_digit(old), _digit(new)) == ("0", "1") else ""
    return ""


def _digit(x: Expr) -> str:
    return x.text if isinstance(x, Lit) else ""


def _gives_up(statement: Stmt) -> bool:
    return any(isinstance(n, Call) and isinstance(n.fn, Sel) and n.fn.name == "Unlock" for n in nodes(statement))


def _sets(body: object, flag: str) -> bool:
    return any(isinstance(n, Assign) and any(isinstance(x, Sel) and x.name == flag for x in n.lhs) for n in nodes(body))


def _takes_back(body: object, flag: str) -> bool:
    """Whether the code may set a field of this name to something else than true, or lets others do so."""
    addresses = 0
    for n in nodes(body):
        match n:
            case Assign(lhs=lhs, rhs=rhs) if any(isinstance(x, Sel) and x.name == flag for x in lhs):
                if not (len(rhs) == 1 and isinstance(rhs[0], Name) and rhs[0].name == "true"):
                    return True
            case Call(fn=Sel(x=Sel(name=name), name=method), args=args) if name == flag:
                values = [x.name if isinstance(x, Name) else "" for x in args]
                if method not in _ASKS or values not in ([], ["true"], ["false", "true"]):
                    return True
            case Call(fn=Sel(x=Name(name="atomic"), name=method), args=(Unary(op="&", x=Sel(name=name)), *rest)) if name == flag:
                addresses -= 1
                if not method.startswith(_ASKS) or [_digit(x) for x in rest] not in ([], ["1"], ["0", "1"]):
                    return True
            case Unary(op="&", x=Sel(name=name)) if name == flag:
                addresses += 1
    return addresses > 0


def _same_type(a: Func, b: Func) -> bool:
    return a.recv is not None and b.recv is not None and a.recv.key == b.recv.key
