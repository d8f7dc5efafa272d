"""A remedy to a few lines of Go in the names of the code at hand: what to declare, and how the racing line looks with it."""

from mapguard.findings.model import Access, Guard, MapInfo

_WIDTH = 110


def sketch(kind: str, info: MapInfo, access: Access, guard: Guard | None) -> str:
    """Go for the remedy ``kind`` of ``advise``, around the line of ``access``; "" where no sketch would help."""
    name = info.name
    base = _base(info, access)
    line = _line(access)
    match kind:
        case "mutex":
            lock = f"{base}{name}Mu"
            return _declared(info, f"{name}Mu sync.Mutex // guards {name}") + _around(lock, "", line)
        case "rwmutex":
            lock = f"{base}{name}Mu"
            declared = _declared(info, f"{name}Mu sync.RWMutex // guards {name}")
            return declared + _around(lock, "", line) + f"\n// readers: {lock}.RLock() … {lock}.RUnlock()"
        case "sync.Map":
            kinds = info.type.removeprefix("map")
            declared = _declared(info, f"{name} sync.Map // was {info.type}" if kinds else f"{name} sync.Map", instead=True)
            return f"{declared}{base}{name}.Store(key, value)\nvalue, ok := {base}{name}.Load(key)"
        case "copy-on-write":
            declared = _declared(info, f"{name} atomic.Pointer[{info.type}]", instead=True)
            return (
                f"{declared}current := *{base}{name}.Load() // read only\n{base}{name}.Store(&next)   // next is never changed afterwards"
            )
        case "hold-lock" if guard is not None:
            return _around(guard.lock, "", line)
        case "lock-mode" if access.locks:
            return _around(access.locks[0].lock, " // not RLock: the next line writes", line)
        case "copy" if guard is not None:
            return f"{guard.lock}.Lock()\ncopied := maps.Clone({base}{name})\n{guard.lock}.Unlock()"
    return ""


def _base(info: MapInfo, access: Access) -> str:
    """``s.`` for a field of ``s``; nothing for a variable."""
    if info.kind != "field":
        return ""
    before, found, _ = access.expression.partition(f".{info.name}")
    if found and before.replace(".", "").replace("_", "").isalnum():
        return f"{before}."
    return f"{info.owner[:1].lower()}." if info.owner else ""


def _line(access: Access) -> str:
    text = access.trace[-1].text.partition(": ")[2] if access.trace else access.expression
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _declared(info: MapInfo, added: str, instead: bool = False) -> str:
    if info.kind == "field" and info.owner:
        width = len(added.partition(" ")[0])
        known = "" if instead else f"\t{info.name.ljust(width)} {info.type}\n"
        return f"type {info.owner} struct {{\n\t…\n\t{added}\n{known}}}\n\n"
    return f"var {added}\n\n"


def _around(lock: str, note: str, line: str) -> str:
    if line.endswith("{"):  # a condition or a loop: its whole body
        return f"{lock}.Lock(){note}\n{line} … }}\n{lock}.Unlock()"
    return f"{lock}.Lock(){note}\n{line}\n{lock}.Unlock()"
