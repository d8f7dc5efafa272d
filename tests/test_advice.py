"""The remedy fits the way a map is used, and its sketch speaks the names of the code."""

import pytest

from mapguard.checks.advice import advise
from mapguard.checks.sketch import sketch
from mapguard.findings.model import Access, Guard, HeldLock, MapInfo, RootInfo, Step

FIELD = MapInfo("field", "example.com/a", "Server", "seen", "map[string]int", None)
GLOBAL = MapInfo("global", "example.com/a", "", "seen", "map[string]int", None)


def access(op: str, line: int = 1, expression: str = "s.seen[k]", text: str = "s.seen[k] = 1", root: RootInfo | None = None) -> Access:
    step = Step("pkg/a.go", line, 1, "F", f"writes seen: {text}")
    return Access(op, "pkg/a.go", line, 1, 9, "F", expression, (), root, (step,))


@pytest.mark.parametrize(
    ("rule", "ops", "guard", "kind"),
    [
        ("concurrent-map-write", ["write", "write"], None, "mutex"),
        ("concurrent-map-read-write", ["write", "read", "read", "read"], None, "rwmutex"),
        ("concurrent-map-read-write", ["write", "read"], None, "sync.Map"),
        ("concurrent-map-iteration", ["replace", "range", "read"], None, "copy-on-write"),
        ("map-guard-missed", ["write", "read"], Guard("s.mu", 3, 1), "hold-lock"),
        ("map-write-under-rlock", ["write", "read"], Guard("s.mu", 3, 1), "lock-mode"),
        ("map-escapes-guard", ["range", "write"], Guard("s.mu", 3, 1), "copy"),
    ],
)
def test_remedy_fits_the_use(rule: str, ops: list[str], guard: Guard | None, kind: str) -> None:
    found = advise(rule, FIELD, tuple(access(op, line) for line, op in enumerate(ops, 1)), guard)
    assert found.kind == kind


def test_one_goroutine_that_owns_the_map_keeps_it() -> None:
    loop = RootInfo("goroutine", False, "pkg/a.go", 1, "(*Server).run")
    handler = RootInfo("http", True, "pkg/a.go", 2, "(*Server).serve")
    found = advise(
        "concurrent-map-write", FIELD, (access("write", 1, root=loop), access("write", 2, root=handler), access("read", 3)), None
    )
    assert (found.kind, "(*Server).run" in found.text) == ("channel", True)


def test_sketches_are_in_the_names_of_the_code() -> None:
    assert sketch("mutex", FIELD, access("write"), None) == (
        "type Server struct {\n\t…\n\tseenMu sync.Mutex // guards seen\n\tseen   map[string]int\n}\n\n"
        "s.seenMu.Lock()\ns.seen[k] = 1\ns.seenMu.Unlock()"
    )
    assert sketch("mutex", GLOBAL, access("write", text="seen[k] = 1"), None).startswith(
        "var seenMu sync.Mutex // guards seen\n\nseenMu.Lock()\n"
    )
    assert "value, ok := s.seen.Load(key)" in sketch("sync.Map", FIELD, access("write"), None)
    assert sketch("hold-lock", FIELD, access("range", text="for k := range s.seen {"), Guard("s.mu", 3, 1)) == (
        "s.mu.Lock()\nfor k := range s.seen { … }\ns.mu.Unlock()"
    )
    assert sketch("unheard-of", FIELD, access("write"), None) == ""


def test_the_receiver_is_guessed_where_the_map_has_another_name() -> None:
    found = sketch("mutex", FIELD, access("write", expression="found[k]", text="found[k] = 1"), None)
    assert "s.seenMu.Lock()" in found


def test_read_lock_is_named_in_the_sketch_of_the_write_lock() -> None:
    under = access("write")
    under = Access(under.op, under.path, 1, 1, 9, "F", under.expression, (HeldLock("s.mu", "read"),), None, under.trace)
    assert sketch("lock-mode", FIELD, under, None).startswith("s.mu.Lock() // not RLock")
