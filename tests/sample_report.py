"""Reports made by hand, with the Go sources that their places point into: what the tests of every format are written against."""

from pathlib import Path

import msgspec

from mapguard.base.gap import Gap, Reason
from mapguard.base.span import Place
from mapguard.findings.model import (
    Access,
    Advice,
    Confidence,
    Finding,
    Guard,
    HeldLock,
    InForce,
    MapInfo,
    Report,
    RootInfo,
    Severity,
    Sharing,
    Stats,
    Step,
    Suppressed,
)

_MANAGER = "pkg/manager/execution_manager.go"
_SERVICE = "pkg/rpc/service.go"
_REGISTRY = "internal/registry/registry.go"
_HOSTILE = "pkg/we ird#1/ünï.go"

SOURCES = {
    _MANAGER: """package manager

type executionUserMetrics struct {
	ScheduledExecutionDelays map[string]map[string]*promutils.StopWatch
}

type ExecutionManager struct {
	userMetrics executionUserMetrics
}

func (m *ExecutionManager) CreateExecution(ctx context.Context, req *Request) error {
	return m.emitScheduledWorkflowMetrics(ctx, req)
}

func (m *ExecutionManager) emitScheduledWorkflowMetrics(ctx context.Context, req *Request) error {
	domains, ok := m.userMetrics.ScheduledExecutionDelays[req.Project]
	if !ok {
		domains = make(map[string]*promutils.StopWatch)
		m.userMetrics.ScheduledExecutionDelays[req.Project] = domains
	}
	domains[req.Domain].Observe(req.Delay)
	return nil
}
""",
    _SERVICE: """package rpc

func Serve(s *grpc.Server, m *manager.ExecutionManager) {
	service.RegisterAdminServiceServer(s, &AdminService{manager: m})
}

func (s *AdminService) CreateExecution(ctx context.Context, req *Request) (*Response, error) {
	return nil, s.manager.CreateExecution(ctx, req)
}
""",
    _REGISTRY: """package registry

import "sync"

type Registry struct {
	mu    sync.RWMutex
	items map[string]int // guarded by mu
}

func (r *Registry) Add(name string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[name] = n
}

func (r *Registry) Get(name string) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.items[name]
}

func (r *Registry) Each(visit func(string, int)) {
	for name, n := range r.items {
		visit(name, n)
	}
}

func (r *Registry) Watch() {
	go r.refresh()
}

func (r *Registry) refresh() {
	r.Add("tick", 1)
}
""",
    _HOSTILE: """package weird

var größe = map[string]int{} // <script>alert("x")</script>

func Add() {
	go func() { größe["\x1b[31m</script>日本"]++ }()
	größe["b"] = 1
}
""",
}


def write_sources(root: Path) -> None:
    """The sources as files below ``root``, with a go.mod."""
    (root / "go.mod").write_text("module example.com/flyte\n\ngo 1.22\n", "utf-8")
    for path, text in SOURCES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def find(path: str, text: str, nth: int = 1) -> tuple[str, int, int, int]:
    """Path, line, column and end column of the ``nth`` occurrence of ``text`` in a source."""
    source, at = SOURCES[path], -1
    for _ in range(nth):
        at = source.index(text, at + 1)
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    return path, source.count("\n", 0, at) + 1, column, column + len(text)


def _step(where: tuple[str, int, int, int], function: str, text: str, *locks: HeldLock) -> Step:
    path, line, column, end = where
    return Step(path, line, column, function, text, end, locks)


def _access(op: str, where: tuple[str, int, int, int], function: str, expression: str, *locks: HeldLock) -> Access:
    path, line, column, end = where
    return Access(op, path, line, column, end, function, expression, locks)


def _thread(access: Access, root: RootInfo, *before: Step) -> Access:
    last = Step(
        access.path, access.line, access.column, access.function, f"{access.op}: {access.expression}", access.end_column, access.locks
    )
    return msgspec.structs.replace(access, root=root, trace=(*before, last))


def _place(where: tuple[str, int, int, int]) -> Place:
    return Place(*where)


def unguarded() -> Finding:
    """A nested map of metrics, filled lazily by gRPC calls without any lock (as in FlyteAdmin): high confidence, error."""
    expression = "m.userMetrics.ScheduledExecutionDelays[req.Project]"
    function = "(*ExecutionManager).emitScheduledWorkflowMetrics"
    registration = find(_SERVICE, "service.RegisterAdminServiceServer")
    root = RootInfo("grpc", True, registration[0], registration[1], "(*AdminService).CreateExecution")
    steps = (
        _step(
            find(_SERVICE, "s.manager.CreateExecution(ctx, req)"),
            "(*AdminService).CreateExecution",
            "calls (*ExecutionManager).CreateExecution",
        ),
        _step(find(_MANAGER, "m.emitScheduledWorkflowMetrics(ctx, req)"), "(*ExecutionManager).CreateExecution", f"calls {function}"),
    )
    write = _thread(_access("write", find(_MANAGER, expression, 2), function, expression), root, *steps)
    read = _thread(_access("read", find(_MANAGER, expression, 1), function, expression), root, *steps)
    return Finding(
        "concurrent-map-read-write",
        Severity.ERROR,
        Confidence.HIGH,
        "",
        "'executionUserMetrics.ScheduledExecutionDelays' is written and read in "
        f"'{function}' by gRPC calls that run many at a time; no common lock is held.",
        MapInfo(
            "field",
            "example.com/flyte/pkg/manager",
            "executionUserMetrics",
            "ScheduledExecutionDelays",
            "map[string]map[string]*promutils.StopWatch",
            _place(find(_MANAGER, "ScheduledExecutionDelays")),
        ),
        (write, read),
        None,
        (
            "parallel: gRPC calls run (*AdminService).CreateExecution, many at a time",
            "shared: both sides reach m.userMetrics.ScheduledExecutionDelays in (*ExecutionManager).CreateExecution",
            "unprotected: the first access holds no lock",
            "unprotected: the second access holds no lock",
        ),
        Advice("mutex", "Put a sync.Mutex beside 'ScheduledExecutionDelays' and hold it at both accesses."),
        sharing=Sharing(
            (_step(find(_SERVICE, "&AdminService{manager: m}"), "Serve", "makes the AdminService that holds the map: s := …"),),
            (steps, steps),
            "no lock is held on either side; several threads run this code at a time",
        ),
    )


def guard_missed() -> Finding:
    """A lock held at two of three accesses; the iteration misses it: medium confidence, warning."""
    write_lock, read_lock = HeldLock("r.mu", "write"), HeldLock("r.mu", "read")
    each, start = find(_REGISTRY, "r.items", 3), find(_REGISTRY, "go r.refresh()")
    missed = _thread(
        _access("range", each, "(*Registry).Each", "r.items"),
        RootInfo("exported", True, _REGISTRY, find(_REGISTRY, "func (r *Registry) Each")[1], "(*Registry).Each"),
    )
    add = _thread(
        _access("write", find(_REGISTRY, "r.items[name]", 1), "(*Registry).Add", "r.items[name]", write_lock),
        RootInfo("goroutine", False, start[0], start[1], "(*Registry).refresh"),
        _step(start, "(*Registry).Watch", "starts a goroutine (*Registry).refresh"),
        _step(find(_REGISTRY, 'r.Add("tick", 1)'), "(*Registry).refresh", "calls (*Registry).Add"),
    )
    get = _access("read", find(_REGISTRY, "r.items[name]", 2), "(*Registry).Get", "r.items[name]", read_lock)
    return Finding(
        "map-guard-missed",
        Severity.WARNING,
        Confidence.MEDIUM,
        "",
        "'Registry.items' is iterated over in '(*Registry).Each' without 'r.mu', which 2 of 3 accesses hold.",
        MapInfo("field", "example.com/flyte/internal/registry", "Registry", "items", "map[string]int", _place(find(_REGISTRY, "items", 1))),
        (missed, add, get),
        Guard("r.mu", 2, 1, (_place(find(_REGISTRY, "r.items", 3)),)),
        (
            "parallel: a goroutine runs (*Registry).refresh; callers from outside this tree run the exported (*Registry).Each",
            "unprotected: the first access holds no lock",
        ),
        Advice(
            "hold-lock",
            "Hold r.mu here too: 2 of 3 accesses do.",
            "--- a/internal/registry/registry.go\n+++ b/internal/registry/registry.go\n@@ -22,3 +22,5 @@\n"
            " func (r *Registry) Each(visit func(string, int)) {\n+\tr.mu.RLock()\n+\tdefer r.mu.RUnlock()\n"
            " \tfor name, n := range r.items {\n \t\tvisit(name, n)\n",
        ),
    )


def hostile() -> Finding:
    """Names, paths and texts that try to be markup, links, workflow commands or terminal control: low confidence, note."""
    first, second = find(_HOSTILE, "größe[", 1), find(_HOSTILE, 'größe["b"]')
    start = find(_HOSTILE, "go func()")
    evil = (
        "größe[\"\x1b[31m</script>\u202e日本\"] [x](javascript:alert(1)) ::error::%0A {{ 7*7 }} <img src=x onerror=alert('e')>\n::warning::"
    )
    a = _thread(_access("write", first, "Add.func1", evil), RootInfo("goroutine", True, start[0], start[1], "<b>Add.func1</b>"))
    b = _thread(_access("write", second, "Add", 'größe["b"]'), RootInfo("exported", True, _HOSTILE, 5, "Add"))
    return Finding(
        "concurrent-map-write",
        Severity.ERROR,
        Confidence.LOW,
        "",
        f"'größe' is written in 'Add.func1' as {evil}.",
        MapInfo("global", "example.com/flyte/pkg/we ird#1", "", "größe", "map[string]int", _place(find(_HOSTILE, "größe"))),
        (a, b),
        None,
        ("parallel: <script>alert('reason')</script>",),
        Advice("mutex", "Put a sync.Mutex beside '<i>größe</i>'."),
        sharing=Sharing(
            (_step(find(_HOSTILE, "größe"), "init", f"makes the map: {evil}"),),
            ((_step(start, "Add", f"starts a goroutine that has <b>größe</b>: {evil}"),), ()),
            f"nothing waits for {evil}",
        ),
    )


def gaps() -> tuple[Gap, ...]:
    return (
        Gap(Reason.SYNTAX, _MANAGER, 12, "unexpected ')'"),
        Gap(Reason.TOO_LARGE, "pkg/gen/<b>big</b>.go", 0, "4200000 bytes"),
    )


def stats() -> Stats:
    return Stats(
        files=4,
        asked=4,
        lines=80,
        functions=9,
        calls=12,
        calls_resolved=6,
        calls_in_tree=7,
        map_expressions=8,
        map_expressions_typed=8,
        roots=3,
        maps=3,
        pairs={"BOTH_READ": 2, "COMMON_LOCK": 4},
        seconds={"parse": 0.1, "total": 0.25},
    )


def report() -> Report:
    """What a run returns: all findings, unsorted, without fingerprints."""
    force = InForce("mapguard.toml", {"exclude": "<b>*</b>\x1b[31m", "fail-on": "error"}, {"excluded": 2, "vendor": 1}, {"settings": 1})
    return Report(".", (guard_missed(), hostile(), unguarded()), (), gaps(), stats(), in_force=force)


def suppressed_report() -> Report:
    return Report(".", (unguarded(),), (Suppressed(guard_missed(), "mapguard:ignore", "only used at start-up"),), (), stats())


def many(count: int) -> Report:
    """A report of ``count`` different findings, for limits and speed."""
    base = (unguarded(), guard_missed(), hostile())

    def numbered(n: int) -> Finding:
        f = base[n % len(base)]
        info = msgspec.structs.replace(f.map, name=f"{f.map.name}{n}", package=f"{f.map.package}/p{n % 40}")
        return msgspec.structs.replace(f, map=info, fingerprint=f"{n:016x}", message=f"{f.message[:-1]} ({n}).")

    return Report(".", tuple(numbered(n) for n in range(count)), (), gaps(), stats())
