"""The remedy fits the way a map is used; its sketch is in the names of the code, covers the whole operation and locks nothing twice."""

import textwrap
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Advice, Finding
from scanning import tree

HEAD = 'package p\n\nimport (\n\t"net/http"\n\t"sync"\n)\n\nvar _ sync.Mutex\n\n'
STORE = "type S struct {\n\tmu   sync.RWMutex\n\thits map[string]int\n\tlast string\n}\n\n"
BARE = "type S struct {\n\thits map[string]int\n\tlast string\n}\n\n"


def find(root: Path, code: str, **more: str) -> Finding:
    """The one finding in a package."""
    files: dict[str, str | bytes] = {"go.mod": "module example.com/p\n\ngo 1.22\n", "p.go": HEAD + textwrap.dedent(code)}
    files.update({name.replace("__", "/") + ".go": text for name, text in more.items()})
    report = pipeline.run(Options(paths=(tree(root, files),), cache=False, debug=True))
    (one,) = report.findings
    return one


def advice(root: Path, code: str, **more: str) -> Advice:
    return find(root, code, **more).advice


def handler(body: str, name: str = "ServeHTTP", recv: str = "s *S") -> str:
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "\t")
    return f"func ({recv}) {name}(w http.ResponseWriter, r *http.Request) {{\n{inner}\n}}\n\n"


# ---------------------------------------------------------------- which remedy


def test_a_map_without_a_lock_gets_one(tmp_path: Path) -> None:
    found = advice(tmp_path, BARE + handler("s.hits[r.Host] = 1"))
    assert found.kind == "mutex"
    assert found.sketch == (
        "// before p.go:11\nhitsMu sync.Mutex // guards hits\n\n// p.go:16\ns.hitsMu.Lock()\ns.hits[r.Host] = 1\ns.hitsMu.Unlock()"
    )


def test_readers_share_the_lock_of_a_map_that_is_mostly_read(tmp_path: Path) -> None:
    reads = "".join(handler("_ = s.hits[r.Host]", f"Get{i}") for i in range(3))
    assert advice(tmp_path, BARE + handler("s.hits[r.Host] = 1") + reads).kind == "rwmutex"


def test_the_lock_that_stands_beside_the_map_is_advised_first(tmp_path: Path) -> None:
    found = advice(tmp_path, STORE + handler("s.hits[r.Host] = 1"))
    assert (found.kind, found.text.startswith("Hold S.mu, the lock beside 'hits'")) == ("hold-lock", True)
    assert found.sketch.endswith("s.mu.Lock()\ns.hits[r.Host] = 1\ns.mu.Unlock()")


def test_sync_map_fits_keys_that_are_stored_once(tmp_path: Path) -> None:
    reads = "".join(handler("_ = s.hits[r.Host]", f"Get{i}") for i in range(2))
    assert "A sync.Map fits too" in advice(tmp_path, BARE + handler("s.hits[r.Host] = 1") + reads).text


@pytest.mark.parametrize(
    "body",
    [
        "s.hits[r.Host]++",
        "if s.hits[r.Host] == 0 {\n\ts.hits[r.Host] = 1\n}",
        "delete(s.hits, r.Host)",
    ],
)
def test_sync_map_fits_no_read_modify_write_and_no_map_that_nobody_fills(tmp_path: Path, body: str) -> None:
    assert "sync.Map" not in advice(tmp_path, BARE + handler(body) + handler("_ = s.hits[r.Host]", "Get")).text


def test_sync_map_fits_no_nested_map(tmp_path: Path) -> None:
    nested = BARE.replace("map[string]int", "map[string]map[string]int")
    code = nested + handler("s.hits[r.Host] = map[string]int{}") + handler("_ = s.hits[r.Host]", "Get")
    assert "sync.Map" not in advice(tmp_path, code).text


def test_a_map_that_is_only_replaced_is_kept_in_a_pointer(tmp_path: Path) -> None:
    found = find(tmp_path, BARE + handler("s.hits = map[string]int{}") + handler("_ = s.hits[r.Host]", "Get"))
    assert (found.advice.kind, found.advice.sketch, found.severity) == ("copy-on-write", "", "warning")
    assert "fatal error" not in found.message
    assert "only ever replaced as a whole" in found.message


def test_one_goroutine_that_does_most_of_the_work_keeps_the_map(tmp_path: Path) -> None:
    serve = 'func Serve() {\n\ts := &S{hits: map[string]int{}}\n\tgo s.run()\n\thttp.Handle("/", s)\n}\n\n'
    run = 'func (s *S) run() {\n\ts.hits["a"] = 1\n\ts.hits["b"] = 2\n\tdelete(s.hits, "c")\n}\n\n'
    found = advice(tmp_path, BARE + serve + run + handler("s.hits[r.Host] = 1"))
    assert (found.kind, "(*S).run" in found.text) == ("channel", True)


# ---------------------------------------------------------------- where the lock belongs

MOST = handler("s.mu.Lock()\ns.hits[r.Host] = 1\ns.mu.Unlock()", "Put") + handler(
    "s.mu.Lock()\ndelete(s.hits, r.Host)\ns.mu.Unlock()", "Cut"
)


def test_a_reader_takes_the_read_lock(tmp_path: Path) -> None:
    found = advice(tmp_path, STORE + MOST + handler("n := s.hits[r.Host]\n_ = n"))
    assert found.sketch == "// p.go:29\ns.mu.RLock()\nn := s.hits[r.Host]\ns.mu.RUnlock()"


def test_the_lock_covers_check_and_fill(tmp_path: Path) -> None:
    found = advice(tmp_path, STORE + MOST + handler("if s.hits[r.Host] == 0 {\n\ts.hits[r.Host] = 1\n}\ns.last = r.Host"))
    assert found.sketch == "// p.go:29\ns.mu.Lock()\nif s.hits[r.Host] == 0 {\n\ts.hits[r.Host] = 1\n}\ns.mu.Unlock()"


def test_where_control_leaves_the_lock_is_kept_to_the_end(tmp_path: Path) -> None:
    found = advice(tmp_path, STORE + MOST + handler("s.last = r.Host\nif s.hits[r.Host] > 0 {\n\treturn\n}\ns.hits[r.Host] = 1"))
    assert found.sketch == "// before p.go:30\ns.mu.Lock()\ndefer s.mu.Unlock()"


def test_no_lock_is_taken_that_a_callee_takes(tmp_path: Path) -> None:
    code = STORE + MOST + "func (s *S) size() int {\n\ts.mu.RLock()\n\tdefer s.mu.RUnlock()\n\treturn len(s.hits)\n}\n\n"
    found = advice(tmp_path, code + handler("s.hits[r.Host] = s.size()"))
    assert (found.kind, found.sketch) == ("hold-lock", "")


def test_no_lock_is_held_while_others_are_waited_for(tmp_path: Path) -> None:
    found = advice(tmp_path, STORE + MOST + handler("done := make(chan int)\ns.hits[r.Host] = <-done"))
    assert (found.kind, found.sketch) == ("hold-lock", "")
    assert "waits for other goroutines in between" in found.text


@pytest.mark.parametrize(
    ("drained", "kept"),
    [("<-s.done", False), ("s.wait()", False), ("defer s.wait()", False), ("go s.wait()", True), ('s.last = ""', True)],
)
def test_nor_while_a_callee_waits(tmp_path: Path, drained: str, kept: bool) -> None:
    store = STORE.replace("last string", "last string\n\tdone chan int")
    callees = f"func (s *S) drain() {{ {drained} }}\n\nfunc (s *S) wait() {{ <-s.done }}\n\n"
    found = advice(tmp_path, store + MOST + callees + handler("for range s.hits {\n\ts.drain()\n}\ns.hits[r.Host] = 1"))
    assert found.kind == "hold-lock"
    assert ("s.drain()" in found.sketch) == kept
    assert ("waits for other goroutines in between" in found.text) != kept


def test_the_caller_that_lacks_the_lock_is_named_and_not_the_helper(tmp_path: Path) -> None:
    helper = "func (s *S) keep(k string) {\n\ts.hits[k]++\n}\n\n"
    held = handler("s.mu.Lock()\ns.keep(r.Host)\ns.mu.Unlock()", "Put") + handler("s.mu.Lock()\ns.keep(r.Host)\ns.mu.Unlock()", "Cut")
    found = find(tmp_path, STORE + helper + held + handler("s.keep(r.Host)"))
    assert found.accesses[0].note == "s.mu held by 2 of 3 callers; not by (*S).ServeHTTP"
    assert found.advice.text == (
        "Hold S.mu, the lock beside 'hits', in '(*S).ServeHTTP' around the call of '(*S).keep', as other callers of that do."
    )
    assert found.advice.sketch == "// p.go:33\ns.mu.Lock()\ns.keep(r.Host)\ns.mu.Unlock()"


def test_the_message_names_the_caller_that_lacks_the_guard(tmp_path: Path) -> None:
    helper = "func (s *S) keep(k string) {\n\ts.hits[k]++\n}\n\n"
    found = find(tmp_path, STORE + MOST + helper + handler("s.mu.Lock()\ns.keep(r.Host)\ns.mu.Unlock()", "Add") + handler("s.keep(r.Host)"))
    assert "when called from '(*S).ServeHTTP' without 's.mu'" in found.message
    assert found.advice.text.startswith("Hold s.mu in '(*S).ServeHTTP' around the call of '(*S).keep'")


def test_a_helper_that_is_always_called_under_the_lock_holds_it(tmp_path: Path) -> None:
    helper = "func (s *S) keep(k string) {\n\ts.hits[k]++\n}\n\n"
    found = find(tmp_path, STORE + helper + handler("s.mu.Lock()\ns.keep(r.Host)\ns.mu.Unlock()", "Put") + handler("_ = s.hits[r.Host]"))
    shown = {(a.op, a.line): [h.lock for h in a.locks] for a in found.accesses}
    assert shown == {("read", 27): [], ("write", 17): ["s.mu"]}  # k++ is one access
    assert found.guard is not None
    assert (found.guard.lock, found.guard.held, [p.line for p in found.guard.without]) == ("s.mu", 1, [27])


def test_the_read_lock_becomes_the_write_lock_where_it_is_taken(tmp_path: Path) -> None:
    helper = "func (s *S) keep(k string) {\n\ts.hits[k]++\n}\n\n"
    found = find(tmp_path, STORE + helper + handler("s.mu.RLock()\ndefer s.mu.RUnlock()\ns.keep(r.Host)"))
    assert (found.rule, found.advice.kind) == ("map-write-under-rlock", "lock-mode")
    assert "'(*S).ServeHTTP'" in found.advice.text
    assert found.advice.sketch == ("// p.go:21, instead of RLock\ns.mu.Lock()\n\n// p.go:22, instead of RUnlock\ndefer s.mu.Unlock()")


# ---------------------------------------------------------------- what is left out


def test_no_field_is_added_to_generated_code(tmp_path: Path) -> None:
    made = "// Code generated by x. DO NOT EDIT.\n\npackage p\n\ntype S struct {\n\thits map[string]int\n}\n"
    found = advice(tmp_path, handler("s.hits[r.Host] = 1"), made=made)
    assert (found.kind, found.sketch) == ("outer-lock", "")
    assert "declared in generated code" in found.text


def test_no_lock_is_put_into_a_struct_that_is_copied(tmp_path: Path) -> None:
    found = advice(tmp_path, BARE + handler("s.hits[r.Host] = 1", recv="s S"))
    assert found.sketch == ""
    assert "copies 'S'" in found.text


WRAPPER = "type W struct {\n\tinner S\n}\n\n"


@pytest.mark.parametrize(
    ("copied", "kept"),
    [
        ("func Wrap(s *S) *W { return &W{inner: *s} }", False),
        ("func Wrap(w *W) any { return []W{*w} }", False),
        ("func Wrap(w *W) any { x := W{}; y := x; return &y }", False),
        ("func Wrap(all []S) { for _, s := range all { _ = s.hits } }", False),
        ("func Wrap() *W { return &W{inner: S{}} }", True),
        ("func Wrap() *W { return &W{inner: made()} }\n\nfunc made() S { return S{} }", True),
        ("func Wrap(all []*S) { for _, s := range all { _ = s.hits } }", True),
    ],
)
def test_nor_into_one_that_is_copied_out_of_something(tmp_path: Path, copied: str, kept: bool) -> None:
    found = advice(tmp_path, BARE + WRAPPER + f"{copied}\n\n" + handler("s.hits[r.Host] = 1"))
    assert ("sync.Mutex" in found.sketch) == kept
    assert kept or "'Wrap' copies 'S', and would copy the lock" in found.text


def test_no_field_is_added_to_a_struct_whose_values_are_listed(tmp_path: Path) -> None:
    code = BARE + 'func New() *S { return &S{map[string]int{}, ""} }\n\n' + handler("s.hits[r.Host] = 1")
    assert advice(tmp_path, code).sketch == ""


def test_no_sketch_where_the_statement_shares_its_line(tmp_path: Path) -> None:
    code = BARE + "func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hits[r.Host] = 1 }\n"
    assert advice(tmp_path, code).sketch == ""


# ---------------------------------------------------------------- a lock that would not help

FANNED = """
type S struct {
	mu   sync.Mutex
	hits map[string]int
}

func (s *S) Put(k string) { s.mu.Lock(); s.hits[k]++; s.mu.Unlock() }
func (s *S) Del(k string) { s.mu.Lock(); delete(s.hits, k); s.mu.Unlock() }
func (s *S) Get(k string) int { s.mu.Lock(); defer s.mu.Unlock(); return s.hits[k] }

func (s *S) Refill(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wg sync.WaitGroup
	for _, k := range keys {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s.hits[k] = len(k)
		}()
	}
	WAIT
}

func Serve(s *S) {
	http.HandleFunc("/put", func(w http.ResponseWriter, r *http.Request) { s.Put(r.Host); s.Del(r.Host); s.Get(r.Host) })
	http.HandleFunc("/refill", func(w http.ResponseWriter, r *http.Request) { s.Refill(r.Header["Key"]) })
}
"""


def test_a_lock_that_the_waiting_starter_holds_is_not_taken(tmp_path: Path) -> None:
    found = find(tmp_path, FANNED.replace("WAIT", "wg.Wait()"))
    assert found.rule == "map-guard-missed"
    assert found.advice.kind == "own-lock"
    assert "'(*S).Refill' waits for others: if the lock is still held then, taking it here never ends" in found.advice.text
    assert found.advice.sketch == ""


@pytest.mark.parametrize("wait", ["_ = &wg", "s.mu.Unlock()\n\twg.Wait()\n\ts.mu.Lock()"])
def test_a_starter_that_does_not_wait_with_the_lock_may_hold_it(tmp_path: Path, wait: str) -> None:
    found = find(tmp_path, FANNED.replace("WAIT", wait))
    assert (found.rule, found.advice.kind) == ("map-guard-missed", "hold-lock")
    assert "s.mu.Lock()\ns.hits[k] = len(k)\ns.mu.Unlock()" in found.advice.sketch


TWO_OWNERS = """
type list struct{ items map[string]int }

type owner struct {
	mu   sync.Mutex
	list *list
}

func (o *owner) Put(k string) { o.mu.Lock(); o.list.items[k]++; o.mu.Unlock() }

func Serve() {
	shared := &list{items: map[string]int{}}
	a, b := &owner{list: shared}, &owner{list: shared}
	http.HandleFunc("/a", func(w http.ResponseWriter, r *http.Request) { a.Put(r.Host) })
	http.HandleFunc("/b", func(w http.ResponseWriter, r *http.Request) { b.Put(r.Host) })
}
"""


def test_the_lock_that_both_sides_hold_is_not_advised(tmp_path: Path) -> None:
    found = find(tmp_path, TWO_OWNERS)
    assert found.rule == "map-guard-mismatch"
    assert found.advice.kind == "one-lock"
    assert found.advice.text.startswith("Each side holds the o.mu of an object of its own, and both objects lead to this map.")


# ---------------------------------------------------------------- the name of what has none


def test_a_variable_that_holds_one_of_several_maps_goes_by_its_name(tmp_path: Path) -> None:
    code = (
        "var a, b = map[string]int{}, map[string]int{}\n\n"
        + handler('m := a\nif r.Host == "" {\n\tm = b\n}\nm[r.Host] = 1', recv="s *S")
        + "type S struct{}\n"
    )
    report = pipeline.run(
        Options(
            paths=(tree(tmp_path, {"go.mod": "module example.com/p\n\ngo 1.22\n", "p.go": HEAD + code}),),
            cache=False,
            debug=True,
        )
    )
    assert {f.message.partition(" is ")[0] for f in report.findings} <= {"'a'", "'b'", "'m'"}
    assert report.findings


# ---------------------------------------------------------------- what is a lock to a reader

SIGNAL = """
type S struct {
	mu      sync.Mutex
	changed chan struct{}
	hits    map[string]int
}

func New() *S { return &S{changed: make(chan struct{}, 1), hits: map[string]int{}} }

func (s *S) Put(w http.ResponseWriter, r *http.Request) {
	USE
}

func (s *S) Watch() {
	for {
		<-s.changed
	}
}

func Serve() {
	s := New()
	go s.Watch()
	http.HandleFunc("/", s.Put)
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) { _ = s.hits[r.Host] })
}
"""


@pytest.mark.parametrize(
    ("use", "locks"),
    [
        ("s.changed <- struct{}{}\n\ts.hits[r.Host]++", set()),
        ("s.changed <- struct{}{}\n\ts.hits[r.Host]++\n\t<-s.changed", {"s.changed"}),
    ],
)
def test_a_channel_is_a_lock_where_it_is_a_semaphore(tmp_path: Path, use: str, locks: set[str]) -> None:
    found = find(tmp_path, SIGNAL.replace("USE", use))
    assert {h.lock for a in found.accesses for h in a.locks} == locks
