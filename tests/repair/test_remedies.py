"""What is done about each kind of finding, what a patch keeps, and the sentences for what has none."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from repair.repaired import MODULE, repaired

HANDLER = "(w http.ResponseWriter, r *http.Request)"


def added(diff: str) -> list[str]:
    """The new lines of a diff."""
    return [line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]


def gone(diff: str) -> list[str]:
    return [line[1:] for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")]


def test_a_field_gets_a_mutex(tmp_path: Path) -> None:
    source = f"""package p

import "net/http"

type S struct {{
	hits map[string]int
}}

func (s *S) ServeHTTP{HANDLER} {{ s.hits[r.Host]++ }}

// Hits is a getter that nobody here calls.
func (s *S) Hits() int {{ return len(s.hits) }}
"""
    found = repaired(tmp_path, {"p/s.go": source})
    assert (found.remedies, found.failed) == ({"hits": "mutex"}, {})
    assert added(found.diff) == [
        "import (",
        '\t"net/http"',
        '\t"sync"',
        ")",
        "\tmu   sync.Mutex",
        "\thits map[string]int // guarded by mu",
        f"func (s *S) ServeHTTP{HANDLER} {{",
        "\ts.mu.Lock()",
        "\tdefer s.mu.Unlock()",
        "\ts.hits[r.Host]++",
        "}",
        "func (s *S) Hits() int {",
        "\ts.mu.Lock()",
        "\tdefer s.mu.Unlock()",
        "\treturn len(s.hits)",
        "}",
    ]


def test_a_package_variable_gets_a_mutex_that_other_packages_can_name(tmp_path: Path) -> None:
    files = {
        "p/p.go": f"""package p

import "net/http"

var Known = map[string]int{{}}

func Handle{HANDLER} {{ Known[r.Host]++ }}
""",
        "q/q.go": f"""package q

import (
	"net/http"

	"example.com/m/p"
)

func Handle{HANDLER} {{
	p.Known[r.Host] = 1
	http.Error(w, "", 400)
}}
""",
    }
    found = repaired(tmp_path, files)
    assert (found.remedies, found.failed) == ({"Known": "mutex"}, {})
    assert "var KnownMu sync.Mutex\nvar Known = map[string]int{} // guarded by KnownMu\n" in found.files["p/p.go"]
    assert '\tp.KnownMu.Lock()\n\tp.Known[r.Host] = 1\n\tp.KnownMu.Unlock()\n\thttp.Error(w, "", 400)\n' in found.files["q/q.go"]


def test_a_local_map_gets_a_mutex_that_its_goroutines_share(tmp_path: Path) -> None:
    source = """package p

import "sync"

func Lengths(words []string, of func(string) int) map[string]int {
	found := map[string]int{}
	var all sync.WaitGroup
	for _, word := range words {
		all.Add(1)
		go func() {
			defer all.Done()
			found[word] = of(word)
		}()
	}
	all.Wait()
	return found
}
"""
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"found": "mutex"}, {})
    assert added(found.diff) == [
        "\tvar foundMu sync.Mutex // guards found",
        "\t\t\tvalue := of(word)",
        "\t\t\tfoundMu.Lock()",
        "\t\t\tfound[word] = value",
        "\t\t\tfoundMu.Unlock()",
    ]


def test_maps_in_a_map_are_guarded_at_both_levels_and_no_lock_is_copied(tmp_path: Path) -> None:
    source = f"""package p

import "net/http"

type metrics struct {{
	scope  string
	delays map[string]map[string]int
}}

type Manager struct {{
	metrics metrics
}}

func New(scope string) *Manager {{
	m := metrics{{scope: scope, delays: map[string]map[string]int{{}}}}
	return &Manager{{metrics: m}}
}}

func (m *Manager) emit(a, b string) {{
	if a == "" {{
		return
	}}
	inner, ok := m.metrics.delays[a]
	if !ok {{
		inner = map[string]int{{}}
		m.metrics.delays[a] = inner
	}}
	inner[b]++
}}

func (m *Manager) ServeHTTP{HANDLER} {{ go m.emit(r.URL.Path, r.Host) }}
"""
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"delays": "mutex"}, {})
    text = found.files["p/p.go"]
    assert "\tdelays map[string]map[string]int // guarded by Manager.delaysMu\n" in text
    assert "\tdelaysMu sync.Mutex\n\tmetrics  metrics\n" in text
    assert "\tm.delaysMu.Lock()\n\tdefer m.delaysMu.Unlock()\n\tinner, ok := m.metrics.delays[a]\n" in text


STORE = f"""package p

import (
	"net/http"
	"sync"
)

type Store struct {{
	mu    sync.Mutex
	users map[string]int
}}

func (s *Store) ServeHTTP{HANDLER} {{
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[r.Host]++
}}

func (s *Store) All() map[string]int {{
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users
}}

"""


def test_what_is_only_read_outside_the_lock_is_copied(tmp_path: Path) -> None:
    source = f"{STORE}func (s *Store) Count{HANDLER} {{\n\tfor range s.All() {{\n\t\thttp.Error(w, r.Host, 400)\n\t}}\n}}\n"
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"users": "copy"}, {})
    assert added(found.diff) == ['\t"maps"', "\treturn maps.Clone(s.users)"]


def test_what_is_written_outside_the_lock_is_not_copied(tmp_path: Path) -> None:
    source = f"{STORE}func (s *Store) Reset{HANDLER} {{\n\tall := s.All()\n\tall[r.Host] = 0\n\thttp.Error(w, r.Host, 400)\n}}\n"
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"users": "hold-lock"}, {})
    assert added(found.diff) == ["\ts.mu.Lock()", "\ts.mu.Unlock()"]


def test_a_copied_lock_is_shared_by_a_pointer(tmp_path: Path) -> None:
    source = f"""package p

import (
	"net/http"
	"sync"
)

type Stats struct {{
	mu     sync.Mutex
	counts map[string]int
}}

func New() *Stats {{ return &Stats{{counts: map[string]int{{}}}} }}

func (s Stats) Inc(name string) {{
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name]++
}}

func (s *Stats) ServeHTTP{HANDLER} {{ s.Inc(r.Host) }}
"""
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"counts": "pointer"}, {})
    assert (gone(found.diff), added(found.diff)) == (["func (s Stats) Inc(name string) {"], ["func (s *Stats) Inc(name string) {"])


SYNC = f"""package p

import (
	"net/http"
	"sync"
)

type S struct {{
	m sync.Map
}}

func (s *S) ServeHTTP{HANDLER} {{
	key := r.Host
BODY
}}

func make2(k string) *S {{ return &S{{}} }}
"""


def test_two_steps_become_one(tmp_path: Path) -> None:
    forms = {
        "if _, ok := s.m.Load(key); !ok {\n\t\ts.m.Store(key, 1)\n\t}": ["\ts.m.LoadOrStore(key, 1)"],
        "v, ok := s.m.Load(key)\n\tif !ok {\n\t\tv = make2(key)\n\t\ts.m.Store(key, v)\n\t}\n\t_ = v": [
            "\t\tv, _ = s.m.LoadOrStore(key, v)"
        ],
    }
    for number, (before, after) in enumerate(forms.items()):
        found = repaired(tmp_path / str(number), {"p/p.go": SYNC.replace("BODY", f"\t{before}")})
        assert (found.remedies, found.failed) == ({"m": "atomic-step"}, {})
        assert added(found.diff) == after
    counter = "\tn := 0\n\tif v, ok := s.m.Load(key); ok {\n\t\tn = v.(int)\n\t}\n\ts.m.Store(key, n+1)"
    found = repaired(tmp_path / "counter", {"p/p.go": SYNC.replace("BODY", counter)})
    assert found.failed == {
        "m": "what '(*S).ServeHTTP' stores depends on what it has found: CompareAndSwap in a loop, or a mutex, does that in one step"
    }


def test_line_ends_and_unkeyed_objects_stay_right(tmp_path: Path) -> None:
    source = f"""package p

import "net/http"

type S struct {{
	a, b map[string]int
}}

func New() *S {{ return &S{{map[string]int{{}}, nil}} }}

func (s *S) ServeHTTP{HANDLER} {{ s.a[r.Host]++ }}
"""
    test = "package p\n\nvar other = []*S{{map[string]int{}, nil}}\n"
    found = repaired(tmp_path, {"p/p.go": source.replace("\n", "\r\n"), "p/p_test.go": test})
    assert (found.remedies, found.failed) == ({"a": "mutex"}, {})
    text = found.files["p/p.go"]
    assert text.count("\r\n") == text.count("\n")
    assert "&S{a: map[string]int{}, b: nil}" in text
    assert found.files["p/p_test.go"] == "package p\n\nvar other = []*S{{a: map[string]int{}, b: nil}}\n"


def test_generic_and_embedded_structs(tmp_path: Path) -> None:
    source = f"""package p

import "net/http"

type Cache[K comparable, V any] struct {{
	m map[K]V
}}

func (c *Cache[K, V]) Put(k K, v V) {{ c.m[k] = v }}

type Server struct {{
	Cache[string, int]
}}

func (s *Server) ServeHTTP{HANDLER} {{ s.Put(r.Host, 1) }}

func New() *Server {{ return &Server{{Cache[string, int]{{m: map[string]int{{}}}}}} }}
"""
    found = repaired(tmp_path, {"p/p.go": source})
    assert (found.remedies, found.failed) == ({"m": "mutex"}, {})
    assert "\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n\tc.m[k] = v\n" in found.files["p/p.go"]


def test_two_maps_of_one_struct(tmp_path: Path) -> None:
    apart = f"""package p

import "net/http"

type S struct {{
	a map[string]int
	b map[string]int
}}

func (s *S) ServeHTTP{HANDLER} {{
	s.a[r.Host]++
	http.Error(w, "", 400)
	s.b[r.Host]++
	http.Error(w, "", 400)
}}
"""
    found = repaired(tmp_path / "apart", {"p/p.go": apart})
    assert (found.remedies, found.failed) == ({"a": "mutex", "b": "mutex"}, {})
    assert "\taMu sync.Mutex\n\ta   map[string]int // guarded by aMu\n\tbMu sync.Mutex\n" in found.files["p/p.go"]
    together = apart.replace("s.a[r.Host]++\n", "s.a[r.Host]++\n\ts.b[r.Host]++\n\ts.a[r.Host]--\n")
    found = repaired(tmp_path / "together", {"p/p.go": together})
    assert found.failed == {}
    assert found.files["p/p.go"].count(".Lock()") == found.files["p/p.go"].count(".Unlock()")
    assert "aMu2" not in found.diff


def test_a_lock_that_is_only_given_up(tmp_path: Path) -> None:
    source = f"{STORE}func (s *Store) Count{HANDLER} {{\n\tdefer s.mu.Unlock()\n\ts.users[r.Host] = 0\n}}\n"
    found = repaired(tmp_path, {"p/p.go": source}, remedy="hold-lock")
    assert found.failed == {"users": "p/p.go:27: s.mu is given up here, but taken nowhere in the function"}


def test_reasons(tmp_path: Path) -> None:
    made = """// Code generated by x. DO NOT EDIT.

package p

type S struct {
	m map[string]int
}
"""
    source = f'package p\n\nimport "net/http"\n\nfunc (s *S) ServeHTTP{HANDLER} {{ s.m[r.Host]++ }}\n'
    found = repaired(tmp_path, {"p/p.go": source, "p/made.go": made})
    assert found.failed == {"m": "'m' is declared in generated code"}
    assert found.diff == ""


@pytest.mark.parametrize(
    "body",
    [
        "\tfor k := range s.users {\n\t\tif k == r.Host {\n\t\t\tgoto done\n\t\t}\n\t\tlog(k)\n\t}\n\ts.users[r.Host] = 1\ndone:\n",
        "\tif x := s.users[r.Host]; x > 0 { goto done }\n\ts.users[r.Host] = 1\ndone:\n",
        "\tif wait() == s.users[r.Host] { s.users[r.Host] = 1 }\n",
        "\tfor wait() == s.users[r.Host] { s.users[r.Host] = 1; wait() }\n",
        "\tswitch { case <-all == s.users[r.Host]: s.users[r.Host] = 1; default: wait() }\n",
    ],
)
def test_no_reason_is_empty(tmp_path: Path, body: str) -> None:
    more = "var all = make(chan int)\n\nfunc wait() int { return <-all }\n\nfunc log(string) {}\n"
    source = f"{STORE}func (s *Store) Count{HANDLER} {{\n{body}}}\n\n{more}"
    found = repaired(tmp_path, {"p/p.go": source})
    for why in found.failed.values():
        assert len(why) > 20 and not why.rstrip().endswith(":")


def relocks(root: Path, body: str) -> list[str]:
    """What a program would block for ever in."""
    (root / "go.mod").write_text(MODULE)
    (root / "p.go").write_text(f'package p\n\nimport "sync"\n\ntype S struct {{ a, b sync.Mutex }}\n\n{body}')
    (found,) = pipeline.repairs(Options(paths=(root,), cache=False, jobs=1))
    with deep_stack():
        return sorted(x.sentence() for x in found.relocks(["p.go"]))


def test_a_mutex_that_is_taken_twice(tmp_path: Path) -> None:
    twice = "func (s *S) Outer() { s.a.Lock(); defer s.a.Unlock(); s.inner() }\n\nfunc (s *S) inner() { s.a.Lock(); s.a.Unlock() }\n"
    assert relocks(tmp_path, twice) == ["'(*S).Outer' would take S.a while it holds it already"]
    other = "func (s *S) Outer(t *S) { s.a.Lock(); defer s.a.Unlock(); t.inner() }\n\nfunc (s *S) inner() { s.a.Lock(); s.a.Unlock() }\n"
    assert relocks(tmp_path, other) == []


def test_goroutines_that_take_what_is_held_while_somebody_waits_for_them(tmp_path: Path) -> None:
    body = """func (s *S) Run() {
	s.a.Lock()
	defer s.a.Unlock()
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		s.LOCK.Lock()
		s.LOCK.Unlock()
	}()
	all.Wait()
}
"""
    assert relocks(tmp_path, body.replace("LOCK", "a")) == ["'(*S).Run' would wait for goroutines that take S.a while it holds it"]
    assert relocks(tmp_path, body.replace("LOCK", "b")) == []


def test_two_mutexes_in_either_order(tmp_path: Path) -> None:
    one = "func (s *S) One() { s.a.Lock(); s.b.Lock(); s.b.Unlock(); s.a.Unlock() }\n"
    assert relocks(tmp_path, one) == []
    two = "\nfunc (s *S) Two() { s.b.Lock(); s.a.Lock(); s.a.Unlock(); s.b.Unlock() }\n"
    found = relocks(tmp_path, one + two)
    assert "'(*S).Two' would take S.a while it holds S.b, and other code takes them the other way round" in found
