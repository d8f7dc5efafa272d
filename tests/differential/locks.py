"""The kinds of locks, and where they live."""

from typing import NamedTuple

from differential.sketch import Sketch

KINDS = {
    "mutex": 4.0,
    "rwmutex": 3,
    "locker": 1,
    "channel": 1,
    "busy flag": 1,
    "condition": 0.7,
    "lock type of the program": 0.7,
    "busy flag under a mutex": 0.7,
    "event loop": 1,
    "once": 0.7,
}


class Kind(NamedTuple):
    """A kind of lock: how a value is declared, taken and given back. A reference is the same lock in every copy of its holder."""

    type: str
    init: str  # "" where the zero value will do
    take: str
    give: str
    reference: bool = False
    tries: str = ""  # how it is asked for, where it can be


def kind(s: Sketch, name: str) -> Kind:
    """Writes what the kind needs."""
    match name:
        case "mutex":
            return Kind("sync.Mutex", "", "{x}.Lock()", "{x}.Unlock()", tries="{x}.TryLock()")
        case "rwmutex":
            return Kind("sync.RWMutex", "", "{x}.Lock()", "{x}.Unlock()", tries="{x}.TryLock()")
        case "locker":
            return Kind("sync.Locker", "&sync.Mutex{}", "{x}.Lock()", "{x}.Unlock()", reference=True)
        case "channel":
            return Kind("chan struct{}", "make(chan struct{}, 1)", "{x} <- struct{{}}{{}}", "<-{x}", reference=True)
        case "busy flag":
            return Kind("atomic.Bool", "", "for !{x}.CompareAndSwap(false, true) {{ runtime.Gosched() }}", "{x}.Store(false)")
        case "condition":
            s.declare("type $Gate struct {", "$c *sync.Cond", "$busy bool", "}")
            s.declare(
                *("func ($w *$Gate) $Enter() {", "$w.$c.L.Lock()", "for $w.$busy {", "$w.$c.Wait()", "}"),
                *("$w.$busy = true", "$w.$c.L.Unlock()", "}"),
            )
            s.declare("func ($w *$Gate) $Leave() {", "$w.$c.L.Lock()", "$w.$busy = false", "$w.$c.Signal()", "$w.$c.L.Unlock()", "}")
            return Kind("*$Gate", "&$Gate{$c: sync.NewCond(&sync.Mutex{})}", "{x}.$Enter()", "{x}.$Leave()", reference=True)
        case "busy flag under a mutex":
            s.declare("type $Busy struct {", "$mu sync.Mutex", "$busy bool", "}")
            s.declare(
                *("func ($w *$Busy) $Try() bool {", "$w.$mu.Lock()", "defer $w.$mu.Unlock()", "if $w.$busy {", "return false", "}"),
                *("$w.$busy = true", "return true", "}"),
            )
            s.declare("func ($w *$Busy) $Free() {", "$w.$mu.Lock()", "$w.$busy = false", "$w.$mu.Unlock()", "}")
            return Kind("$Busy", "", "for !{x}.$Try() {{ runtime.Gosched() }}", "{x}.$Free()", tries="{x}.$Try()")
        case "once":
            return Kind("sync.Once", "", "", "")
        case "event loop":
            s.declare("type $Loop struct {", "$ops chan func()", "}")
            s.declare(
                *("func $Begin2() *$Loop {", "$w := &$Loop{make(chan func())}", "go func() {", "for $f := range $w.$ops {", "$f()"),
                *("}", "}()", "return $w", "}"),
            )
            s.declare(
                *("func ($w *$Loop) $Do($f func()) {", "$done := make(chan bool)", "$w.$ops <- func() {", "$f()", "$done <- true"),
                *("}", "<-$done", "}"),
            )
            return Kind("*$Loop", "$Begin2()", "", "", reference=True)
    s.declare("type $Lock struct {", "$mu sync.Mutex", "}")
    s.declare("func ($w *$Lock) $Enter() {", "$w.$mu.Lock()", "}")
    s.declare("func ($w *$Lock) $Leave() {", "$w.$mu.Unlock()", "}")
    return Kind("$Lock", "", "{x}.$Enter()", "{x}.$Leave()")


def lock(s: Sketch, kind: Kind, role: str, where: str) -> str:
    """Writes a lock of that kind and place; the expression for it."""
    match where:
        case "embedded":
            s.fields.append(kind.type)
            if kind.init:
                s.inits.append(f"{kind.type.rpartition('.')[2]}: {kind.init}")
            return "$o"
        case "field" | "pointer field":
            star = "*" if where == "pointer field" else ""
            s.fields.append(f"{role} {star}{kind.type}")
            if star or kind.init:
                s.inits.append(f"{role}: {kind.init or f'&{kind.type}' + '{}'}")
            return f"$o.{role}"
        case "field of a part":
            if not s.has("$Part"):
                s.declare("type $Part struct {", f"$held {kind.type}", "}")
            s.fields.append(f"{role} *$Part")
            s.inits.append(f"{role}: &$Part{{{f'$held: {kind.init}' if kind.init else ''}}}")
            return f"$o.{role}.$held"
        case "package":
            s.declare(f"var {role} {kind.type}" + (f" = {kind.init}" if kind.init else ""))
            return role
    type_ = kind.type if kind.reference else f"*{kind.type}"
    s.setup.append(f"{role} := {kind.init or '&' + kind.type + '{}'}")
    s.locals.append((role, type_))
    s.lock_locals.append((role, type_))
    return role
