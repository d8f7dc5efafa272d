"""What protects the accesses: a lock of some kind in some place, whether both sides use the same one, and how each side uses it."""

from collections.abc import Callable
from typing import NamedTuple

from differential import locks
from differential.accesses import Access
from differential.places import Place, use
from differential.sketch import MARK, Sketch

IDENTITIES = {"same": 5.0, "two locks": 1, "lock of another object": 1, "lock made in the call": 0.7}
STYLES = {
    "inline": 3.0,
    "deferred": 2,
    "lock and unlock functions": 1,
    "function under the lock": 1,
    "unlock function returned": 1,
    "lock passed": 1,
}
FORMS = {
    "none": 1.0,
    "held": 5,
    "read lock held": 2,
    "released early": 0.7,
    "taken late": 0.5,
    "on condition, true": 0.7,
    "on condition, false": 0.7,
    "if free": 0.7,
    "asked for and ignored": 0.5,
    "alias used after": 1,
    "clone used after": 1,
    "swapped out": 0.8,
}


class Touch(NamedTuple):
    """One way in which a side uses the shared map: with which mode of the lock (W, R or none), reading or writing."""

    mode: str
    kind: str


class Guard(NamedTuple):
    """``around(side, access)`` is the guarded use; the rest says when two sides exclude each other."""

    around: Callable[[str, Access, Callable[[list[str]], list[str]]], list[str]]
    touches: Callable[[str, Access], list[Touch]]
    in_holder: bool
    reference: bool
    identity: str


def guard(s: Sketch, place: Place, accesses: dict[str, Access]) -> Guard:
    """Draws the protection of both sides."""
    if s.choose("guard", {"none": 1.2, "lock": 3.8}) == "none":

        def bare(side: str, a: Access, reached: Callable[[list[str]], list[str]]) -> list[str]:
            return reached(use(s, side, a, s.map))

        return Guard(bare, lambda side, a: _of_place(place, "none", a), False, False, "same")
    return _Locked(s, place, accesses).guard()


def _of_place(place: Place, mode: str, a: Access) -> list[Touch]:
    return [] if place.private else [Touch(mode, a.kind)]


class _Locked:
    def __init__(self, s: Sketch, place: Place, accesses: dict[str, Access]) -> None:
        self.s, self.place = s, place
        self.kind_name = s.choose("lock", locks.KINDS)
        self.kind = locks.kind(s, self.kind_name)
        wanted = {"field": 4.0, "pointer field": 1, "embedded": 1, "field of a part": 1} if s.holder else {}
        where = s.choose("lock place", {**wanted, "package": 1.5 if s.o_type else 3, **({"local": 1.0} if s.o_type else {})})
        if where == "embedded" and self.kind_name not in ("mutex", "rwmutex", "locker"):
            where = s.choices["lock place"] = "field"
        if where == "pointer field" and self.kind.reference:
            where = s.choices["lock place"] = "field"
        self.where = where
        self.in_holder = where in ("field", "pointer field", "embedded", "field of a part")
        identities = {
            name: weight
            for name, weight in IDENTITIES.items()
            if (name != "lock of another object" or self.in_holder)
            and (name != "lock made in the call" or self.kind_name in ("mutex", "rwmutex"))
        }
        self.identity = s.choose("which lock", identities)
        self.first = locks.lock(s, self.kind, "$lock", where)
        self.second = self.first
        if self.identity == "two locks":
            self.second = locks.lock(s, self.kind, "$lock_b", "field" if where == "embedded" else where)
        self.style = s.choose("lock style", STYLES)
        self.forms = {side: s.choose(f"form {side}", self._fitting(side, a)) for side, a in accesses.items()}
        self.outside = {side: s.dice.random() < 0.3 for side in accesses}
        if self.identity == "lock of another object":
            # drawn last: the holder is complete now
            s.declare(f"var $other = {s.fresh()}")
            self.second = self.first.replace("$o", "$other", 1)

    def _fitting(self, side: str, a: Access) -> dict[str, float]:
        unfit = set()
        if self.kind_name != "rwmutex":
            unfit.add("read lock held")
        if self.kind_name == "once":
            unfit |= {"alias used after", "clone used after", "swapped out"}
        if self.kind_name in ("event loop", "once"):
            unfit |= {"released early", "taken late", "on condition, true", "on condition, false"}
        if not self.kind.tries:
            unfit |= {"if free", "asked for and ignored"}
        if "value receiver" in (w for what, w in self.s.choices.items() if what.startswith("wrapper")):
            unfit.add("swapped out")  # the copy's map would be replaced
        if self.place.bracketed:
            unfit |= {"alias used after", "clone used after", "swapped out"}
        if not self.place.assignable:
            unfit.add("swapped out")
        return {
            name: weight * (3 if name == "read lock held" and a.kind == "R" else 1) for name, weight in FORMS.items() if name not in unfit
        }

    def guard(self) -> Guard:
        reference = self.kind.reference or self.where in ("pointer field", "field of a part")
        return Guard(self.around, self.touches, self.in_holder, reference, self.identity)

    def touches(self, side: str, a: Access) -> list[Touch]:
        match self.forms[side]:
            case "held" | "on condition, true" | "if free":
                return _of_place(self.place, "W", a)
            case "read lock held":
                return _of_place(self.place, "R", a)
            case "clone used after":
                return [Touch("W", "R")]
            case "swapped out":
                return [Touch("W", "W")]
        return _of_place(self.place, "none", a)

    def around(self, side: str, a: Access, reached: Callable[[list[str]], list[str]]) -> list[str]:
        """The guarded use of the map. ``reached`` puts functions between its caller and what it is given."""
        s, form = self.s, self.forms[side]
        alias = s.role("t")
        fresh = f"{s.map} = {s.map_type}{{}}{MARK}"
        match form:
            case "alias used after":
                return reached(
                    [*self._hold(side, [f"{alias} = {s.map}{MARK}"], before=f"var {alias} {self._alias_type()}"), *use(s, side, a, alias)]
                )
            case "clone used after":
                made = [f"{alias} = make({s.map_type}, len({s.map})){MARK}", f"maps.Copy({alias}, {s.map}){MARK}"]
                copied = s.dice.choice((made, [*made[:1], f"{alias} = maps.Clone({s.map}){MARK}"]))
                return reached([*self._hold(side, copied, before=f"var {alias} {self._alias_type()}"), *use(s, side, a, alias)])
            case "swapped out":
                taken = [f"{alias} = {s.map}{MARK}", fresh]
                return reached([*self._hold(side, taken, before=f"var {alias} {self._alias_type()}"), *use(s, side, a, alias)])
        used = use(s, side, a, s.map)
        if self.outside[side]:
            s.choices[f"lock level {side}"] = "around the calls"
            return self._bracket(side, form, reached(used))
        s.choices[f"lock level {side}"] = "at the access"
        return reached(self._bracket(side, form, used))

    def _alias_type(self) -> str:
        return "$N" if self.s.choices["place"] in ("named map with methods", "local named map") else self.s.map_type

    def _x(self, side: str) -> str:
        return self.second if side == "B" else self.first

    def _bracket(self, side: str, form: str, lines: list[str]) -> list[str]:
        x = "$own" if self._own(side) else self._x(side)
        take, give = self.kind.take.format(x=x), self.kind.give.format(x=x)
        asked = self.kind.tries.format(x=x)
        own = [f"var $own {self.kind.type}"] if self._own(side) else []
        match form:
            case "none":
                return lines
            case "held":
                return self._hold(side, lines)
            case "read lock held":
                return self._hold(side, lines, read=True)
            case "released early":
                return [*own, take, give, *lines]
            case "taken late":
                return [*own, *lines, take, give]
            case "if free":
                return [*own, f"if {asked} {{", *lines, give, "}"]
            case "asked for and ignored":
                got = self.s.role("ok")
                return [*own, f"{got} := {asked}", "runtime.Gosched()", *lines, f"if {got} {{", give, "}"]
        flag = "true" if form == "on condition, true" else "false"
        if self.s.dice.random() < 0.5:
            name = self.s.role("c")
            return [*own, f"{name} := {flag}", f"if {name} {{", take, "}", *lines, f"if {name} {{", give, "}"]
        name = self.s.role("When")
        self.s.declare(
            f"func {name}({self.s.parameters()}, $yes bool) {{", *own, "if $yes {", take, f"defer func() {{ {give} }}()", "}", *lines, "}"
        )
        return [f"{name}({self.s.arguments()}, {flag})"]

    def _own(self, side: str) -> bool:
        return side == "B" and self.identity == "lock made in the call"

    def _hold(self, side: str, lines: list[str], *, read: bool = False, before: str = "") -> list[str]:
        """The lines with the lock held; a variable declared before outlives that."""
        s, x = self.s, self._x(side)
        head = [before] if before else []
        style = self.style
        if self._own(side):
            x, style = "$own", "inline"
            head.append(f"var $own {self.kind.type}")
        if self.kind_name in ("event loop", "once"):
            return [*head, f"{x}.{'Do' if self.kind_name == 'once' else '$Do'}(func() {{", *lines, "})"]
        take, give = self.kind.take.format(x=x), self.kind.give.format(x=x)
        if read:
            take, give = take.replace(".Lock", ".RLock"), give.replace(".Unlock", ".RUnlock")
        late = f"defer {give}" if give.endswith(")") else f"defer func() {{ {give} }}()"
        if style == "lock passed" and (self.kind_name not in ("mutex", "locker") or self.where == "embedded" or read):
            style = "inline"
        name = s.role("Guard")
        match style:
            case "inline":
                return [*head, take, *lines, give]
            case "deferred":
                return [*head, "func() {", take, late, *lines, "}()"]
            case "lock and unlock functions":
                enter, leave = self._function(name, [take]), self._function(s.role("Guard"), [give])
                return [*head, enter, *lines, leave]
            case "unlock function returned":
                back = self._function(name, [take, f"return func() {{ {give} }}"], " func()")
                return [*head, "func() {", f"defer {back}()", *lines, "}()"]
            case "function under the lock":
                called = self._function(name, [take, late, "$f()"], more=", $f func()")
                return [*head, called[:-1] + ", func() {", *lines, "})"]
        type_ = self.kind.type if self.kind.reference else f"*{self.kind.type}"
        s.declare(f"func {name}($l {type_}, $f func()) {{", "$l.Lock()", "defer $l.Unlock()", "$f()", "}")
        passed = x if self.kind.reference or self.where in ("pointer field", "local") else f"&{x}"
        return [*head, f"{name}({passed}, func() {{", *lines, "})"]

    def _function(self, name: str, body: list[str], result: str = "", more: str = "") -> str:
        """Declares a function, or a method of the holder, that has what leads to the lock; the call of it."""
        s = self.s
        if s.methods and s.dice.random() < 0.7:
            s.declare(f"func ($o {s.o_type}) {name}({s.parameters(without_o=True)}{more}){result} {{", *body, "}")
            return f"$o.{name}({s.arguments(without_o=True)})"
        s.declare(f"func {name}({s.parameters()}{more}){result} {{", *body, "}")
        return f"{name}({s.arguments()})"
