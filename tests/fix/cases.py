"""What each kind of edit makes of a text: the marked place, what is built there, the text that comes out."""

from typing import NamedTuple

from fix.edited import Build
from mapguard.fix import comments, fields, imports, statements
from mapguard.fix.imports import Import


class Case(NamedTuple):
    name: str
    before: str
    builds: tuple[Build, ...]
    after: str
    clean: bool = True  # whether gofmt has nothing to say about both


def field(declaration: str, after: bool = False) -> Build:
    return lambda f, at: fields.add_field(f, at, declaration, after)


def variable(declaration: str) -> Build:
    return lambda f, at: fields.add_variable(f, at, declaration)


def before(*lines: str) -> Build:
    return lambda f, at: statements.before(f, at, lines)


def locked(lock: str = "s.mu") -> Build:
    return lambda f, at: statements.around(f, at, at, [f"{lock}.Lock()"], [f"{lock}.Unlock()"])


def beside(text: str) -> Build:
    return lambda f, at: comments.beside(f, at, text)


def ignored(f_line: int) -> Build:
    return lambda f, at: comments.directive(f, f_line, "//mapguard:ignore map-guard-missed one caller")


def imported(*paths: str, drop: tuple[str, ...] = ()) -> Build:
    return lambda f, at: imports.change_imports(f, [Import(p) for p in paths], [Import(p) for p in drop])


MU = "mu sync.Mutex // guards views"

STRUCT = """package p

import "sync"

type Store struct {
	name string // shown to users
	// views counts how often a ticket was seen.
	§views map[string]int
	last  time.Time `json:"last"`
}
"""

CASES = [
    Case(
        "a field before another, above its comment",
        STRUCT,
        (field(MU),),
        """package p

import "sync"

type Store struct {
	name string     // shown to users
	mu   sync.Mutex // guards views
	// views counts how often a ticket was seen.
	views map[string]int
	last  time.Time `json:"last"`
}
""",
    ),
    Case(
        "a field after another",
        STRUCT,
        (field(MU, after=True),),
        """package p

import "sync"

type Store struct {
	name string // shown to users
	// views counts how often a ticket was seen.
	views map[string]int
	mu    sync.Mutex // guards views
	last  time.Time  `json:"last"`
}
""",
    ),
    Case(
        "a field and a comment on one line",
        "package p\n\ntype T struct {\n\t§§a, views map[string]int // by name\n}\n",
        (field(MU), beside("guarded by mu")),
        "package p\n\ntype T struct {\n\tmu       sync.Mutex     // guards views\n\ta, views map[string]int // by name; guarded by mu\n}\n",
    ),
    Case(
        "after a field of several lines",
        "package p\n\ntype T struct {\n\t§wide map[string]struct {\n\t\tn int\n\t} // x\n\n\tlast int\n}\n",
        (field("mu sync.Mutex", after=True),),
        "package p\n\ntype T struct {\n\twide map[string]struct {\n\t\tn int\n\t} // x\n\tmu sync.Mutex\n\n\tlast int\n}\n",
    ),
    Case(
        "a generic struct",
        "package p\n\ntype Cache[K comparable, V any] struct {\n\t§items map[K]Pair[V, []V]\n\tPair[K, V]\n}\n",
        (field("mu sync.RWMutex // guards items"),),
        "package p\n\ntype Cache[K comparable, V any] struct {\n\tmu    sync.RWMutex // guards items\n"
        "\titems map[K]Pair[V, []V]\n\tPair[K, V]\n}\n",
    ),
    Case(
        "an embedded struct",
        'package p\n\ntype T struct {\n\t§base.Store `json:"inline"`\n\tn          int\n}\n',
        (field(MU, after=True),),
        'package p\n\ntype T struct {\n\tbase.Store `json:"inline"`\n\tmu         sync.Mutex // guards views\n\tn          int\n}\n',
    ),
    Case(
        "a struct on one line",
        "package p\n\ntype T struct{ §views map[string]int }\n\nvar x = []struct{ a int }{{1}}\n",
        (field(MU),),
        "package p\n\ntype T struct {\n\tmu    sync.Mutex // guards views\n\tviews map[string]int\n}\n\nvar x = []struct{ a int }{{1}}\n",
    ),
    Case(
        "a struct on one line in a function on one line",
        "package p\n\nfunc f() any { return struct{ §views map[string]int }{nil} }\n",
        (field("n int", after=True),),
        "package p\n\nfunc f() any {\n\treturn struct {\n\t\tviews map[string]int\n\t\tn     int\n\t}{nil}\n}\n",
    ),
    Case(
        "a value that becomes a pointer",
        "package p\n\ntype T struct {\n\t§mu sync.Mutex // guards m\n\t*Named\n\t§base.Store\n\tPair[int]\n}\n",
        (lambda f, at: fields.pointer_field(f, at), lambda f, at: fields.pointer_field(f, at)),
        "package p\n\ntype T struct {\n\tmu *sync.Mutex // guards m\n\t*Named\n\t*base.Store\n\tPair[int]\n}\n",
    ),
    Case(
        "a receiver that becomes a pointer",
        "package p\n\n§func (s Store[K]) Get(k K) int { return s.m[k] }\nfunc (s *Store[K]) Set(k K)    { s.m[k]++ }\n",
        (lambda f, at: fields.pointer_parameter(f, at, "s"),),
        "package p\n\nfunc (s *Store[K]) Get(k K) int { return s.m[k] }\nfunc (s *Store[K]) Set(k K)     { s.m[k]++ }\n",
    ),
    Case(
        "a parameter that shares its type",
        "package p\n\n§func f(n int, a, b, c pkg.Store) {}\n",
        (lambda f, at: fields.pointer_parameter(f, at, "b"),),
        "package p\n\nfunc f(n int, a pkg.Store, b *pkg.Store, c pkg.Store) {}\n",
    ),
    Case(
        "a package variable",
        "package p\n\nvar a = 1 // one\nvar §views = map[string]int{}\n",
        (variable("viewsMu sync.Mutex // guards views"),),
        "package p\n\nvar a = 1              // one\nvar viewsMu sync.Mutex // guards views\nvar views = map[string]int{}\n",
    ),
    Case(
        "a package variable with a comment",
        "package p\n\n// views are counted.\nvar §views = map[string]int{}\n",
        (variable("viewsMu sync.Mutex // guards views"),),
        "package p\n\nvar viewsMu sync.Mutex // guards views\n\n// views are counted.\nvar views = map[string]int{}\n",
    ),
    Case(
        "a variable of a group: each run of values has its column of types",
        'package p\n\nvar (\n\tn     int = 1\n\t§views     = map[string]int{}\n\n\tlong      = "x" // y\n\tother int = 2   // z\n)\n',
        (variable("mu sync.Mutex // guards views"),),
        "package p\n\nvar (\n\tn     int        = 1\n\tmu    sync.Mutex // guards views\n\tviews            = map[string]int{}\n\n"
        '\tlong      = "x" // y\n\tother int = 2   // z\n)\n',
    ),
    Case(
        "a local variable",
        "package p\n\nfunc f() {\n\t// by name\n\t§views := map[string]int{}\n\tgo func() { views[``]++ }()\n}\n",
        (variable("mu sync.Mutex // guards views"),),
        "package p\n\nfunc f() {\n\tvar mu sync.Mutex // guards views\n\t// by name\n\tviews := map[string]int{}\n"
        "\tgo func() { views[``]++ }()\n}\n",
    ),
    Case(
        "a statement",
        "package p\n\nfunc (s *S) f() {\n\ta() // one\n\t// why\n\t§s.m[1]++  // two\n\tccccccc() // three\n}\n",
        (locked(),),
        "package p\n\nfunc (s *S) f() {\n\ta() // one\n\ts.mu.Lock()\n\t// why\n\ts.m[1]++ // two\n\ts.mu.Unlock()\n"
        "\tccccccc() // three\n}\n",
    ),
    Case(
        "a statement between others that are aligned",
        "package p\n\nfunc (s *S) f() {\n\ta()       // one\n\t§s.m[1]++  // two\n\tccccccc() // three\n}\n",
        (locked(),),
        "package p\n\nfunc (s *S) f() {\n\ta() // one\n\ts.mu.Lock()\n\ts.m[1]++ // two\n\ts.mu.Unlock()\n\tccccccc() // three\n}\n",
    ),
    Case(
        "a check and what fills it",
        "package p\n\nfunc (s *S) f(k int) {\n\tif _, ok := s.m[§k]; !ok {\n\t\ts.m[k] = 1\n\t} else if k > 1 {\n\t\treturn\n"
        "\t}\n\tg()\n}\n",
        (locked(),),
        "package p\n\nfunc (s *S) f(k int) {\n\ts.mu.Lock()\n\tif _, ok := s.m[k]; !ok {\n\t\ts.m[k] = 1\n"
        "\t} else if k > 1 {\n\t\treturn\n\t}\n"
        "\ts.mu.Unlock()\n\tg()\n}\n",
    ),
    Case(
        "two places in one function",
        "package p\n\nfunc (s *S) f() {\n\t§s.m[1]++\n\tg()\n\t§delete(s.m, 2)\n}\n",
        (locked(), locked()),
        "package p\n\nfunc (s *S) f() {\n\ts.mu.Lock()\n\ts.m[1]++\n\ts.mu.Unlock()\n\tg()\n\ts.mu.Lock()\n\tdelete(s.m, 2)\n"
        "\ts.mu.Unlock()\n}\n",
    ),
    Case(
        "two statements that follow each other",
        "package p\n\nfunc (s *S) f() {\n\t§s.m[1]++\n\t§delete(s.m, 2)\n}\n",
        (locked("s.a"), locked("s.b")),
        "package p\n\nfunc (s *S) f() {\n\ts.a.Lock()\n\ts.m[1]++\n\ts.a.Unlock()\n\ts.b.Lock()\n\tdelete(s.m, 2)\n\ts.b.Unlock()\n}\n",
    ),
    Case(
        "the same change twice",
        "package p\n\nfunc (s *S) f() {\n\t§§s.m[1] = s.m[2]\n}\n",
        (locked(), locked()),
        "package p\n\nfunc (s *S) f() {\n\ts.mu.Lock()\n\ts.m[1] = s.m[2]\n\ts.mu.Unlock()\n}\n",
    ),
    Case(
        "from one block into another",
        "package p\n\nfunc (s *S) f() {\n\tif x {\n\t\t§s.m[1]++\n\t}\n\tfor range s.m {\n\t\tif y {\n\t\t\tg()\n\t\t}\n\t}\n\treturn\n}\n",
        (lambda f, at: statements.around(f, at, f.text.source.index(b"g()"), ["s.mu.Lock()"], ["s.mu.Unlock()"]),),
        "package p\n\nfunc (s *S) f() {\n\ts.mu.Lock()\n\tif x {\n\t\ts.m[1]++\n\t}\n\tfor range s.m {\n\t\tif y {\n\t\t\tg()\n\t\t}\n\t}\n"
        "\ts.mu.Unlock()\n\treturn\n}\n",
    ),
    Case(
        "a labelled loop",
        "package p\n\nfunc (s *S) f() {\nouter:\n\tfor §k := range s.m {\n\t\tfor {\n\t\t\tcontinue outer\n\t\t}\n\t}\n}\n",
        (locked(),),
        "package p\n\nfunc (s *S) f() {\n\ts.mu.Lock()\nouter:\n\tfor k := range s.m {\n\t\tfor {\n\t\t\tcontinue outer\n"
        "\t\t}\n\t}\n\ts.mu.Unlock()\n}\n",
    ),
    Case(
        "the first statement of a case",
        "package p\n\nfunc (s *S) f(x any) {\n\tswitch y := x.(type) {\n\tcase int: // one\n\t\t§s.m[y]++\n\tcase string:\n\t}\n}\n",
        (locked(),),
        "package p\n\nfunc (s *S) f(x any) {\n\tswitch y := x.(type) {\n\tcase int: // one\n\t\ts.mu.Lock()\n\t\ts.m[y]++\n"
        "\t\ts.mu.Unlock()\n"
        "\tcase string:\n\t}\n}\n",
    ),
    Case(
        "a function on one line among others",
        "package p\n\nfunc (s *S) Len() int         { return len(s.m) }\nfunc (s *S) Get(k string) int { return §s.m[k] }\n"
        "func (s *S) X()               {}\n",
        (before("s.mu.RLock()", "defer s.mu.RUnlock()"),),
        "package p\n\nfunc (s *S) Len() int { return len(s.m) }\nfunc (s *S) Get(k string) int {\n\ts.mu.RLock()\n\tdefer s.mu.RUnlock()\n"
        "\treturn s.m[k]\n}\nfunc (s *S) X() {}\n",
    ),
    Case(
        "a function literal on one line, and what is around it",
        'package p\n\nfunc f() { go func(a, b int) { §m["x"] = a; b++ }(1, 2) }\n',
        (locked("mu"),),
        'package p\n\nfunc f() {\n\tgo func(a, b int) {\n\t\tmu.Lock()\n\t\tm["x"] = a\n\t\tmu.Unlock()\n\t\tb++\n\t}(1, 2)\n}\n',
    ),
    Case(
        "a function in a list of elements",
        'package p\n\nvar fs = map[string]func(){\n\t"a":    func() { §m[1]++ },\n\t"long": nil,\n}\n',
        (locked("mu"),),
        'package p\n\nvar fs = map[string]func(){\n\t"a": func() {\n\t\tmu.Lock()\n\t\tm[1]++\n\t\tmu.Unlock()\n\t},\n\t"long": nil,\n}\n',
    ),
    Case(
        "an expression in an aligned element",
        "package p\n\nvar s = S{\n\tkeys: §m, // old\n\tn:    1, // x\n}\n",
        (lambda f, at: statements.wrap(f, at, at + 1, "maps.Clone(", ")"),),
        "package p\n\nvar s = S{\n\tkeys: maps.Clone(m), // old\n\tn:    1,             // x\n}\n",
    ),
    Case(
        "an expression that makes a function too long for one line",
        "package p\n\nfunc (s *Store) AllTheViewsOfTickets(except string) map[string]map[string]int { return §s.viewsOfEvery }\n\n"
        "func f() { g(func() { x() }) }\n",
        (lambda f, at: statements.wrap(f, at, at + len("s.viewsOfEvery"), "maps.Clone(", ")"),),
        "package p\n\nfunc (s *Store) AllTheViewsOfTickets(except string) map[string]map[string]int {\n"
        "\treturn maps.Clone(s.viewsOfEvery)\n}\n\n"
        "func f() { g(func() { x() }) }\n",
    ),
    Case(
        "a type that makes a struct too long for one line",
        "package p\n\ntype T struct{ views §map[string]int }\n",
        (lambda f, at: statements.replace(f, at, at + len("map[string]int"), "atomic.Pointer[map[string]int]"),),
        "package p\n\ntype T struct {\n\tviews atomic.Pointer[map[string]int]\n}\n",
    ),
    Case(
        "a type that a struct on one line can still take",
        "package p\n\ntype T struct{ views §map[string]int }\n",
        (lambda f, at: statements.replace(f, at, at + len("map[string]int"), "atomic.Pointer[map[string]T]"),),
        "package p\n\ntype T struct{ views atomic.Pointer[map[string]T] }\n",
    ),
    Case(
        "a type in an aligned field",
        "package p\n\ntype S struct {\n\tviews §map[string]int // by name\n\tn     int            // x\n}\n",
        (lambda f, at: statements.replace(f, at, at + len("map[string]int"), "sync.Map"),),
        "package p\n\ntype S struct {\n\tviews sync.Map // by name\n\tn     int      // x\n}\n",
    ),
    Case(
        "a comment above a documented declaration",
        "package p\n\n// Views are counted.\nvar Views = map[string]int{}\nvar b = 1\n",
        (ignored(4), ignored(5)),
        "package p\n\n// Views are counted.\n//\n//mapguard:ignore map-guard-missed one caller\nvar Views = map[string]int{}\n\n"
        "//mapguard:ignore map-guard-missed one caller\nvar b = 1\n",
    ),
    Case(
        "a comment above a statement, and beside a line in the middle of one",
        "package p\n\nfunc f() {\n\tm[1]++ // x\n\tg(1,\n\t\tm[2])\n}\n",
        (ignored(4), ignored(6)),
        "package p\n\nfunc f() {\n\t//mapguard:ignore map-guard-missed one caller\n\tm[1]++ // x\n\tg(1,\n"
        "\t\tm[2]) //mapguard:ignore map-guard-missed one caller\n}\n",
    ),
    Case(
        "an import among others",
        'package p\n\nimport (\n\t"fmt"\n\tx "net/http" // y\n\n\t"github.com/a/b"\n)\n',
        (imported("sync", "maps", "github.com/a/a"),),
        'package p\n\nimport (\n\t"fmt"\n\t"maps"\n\tx "net/http" // y\n\t"sync"\n\n\t"github.com/a/a"\n\t"github.com/a/b"\n)\n',
    ),
    Case(
        "the first import of the standard library",
        'package p\n\nimport (\n\t// why\n\t"github.com/a/b"\n)\n',
        (imported("sync"),),
        'package p\n\nimport (\n\t"sync"\n\n\t// why\n\t"github.com/a/b"\n)\n',
    ),
    Case(
        "a single import becomes a block",
        '// Package p\npackage p\n\n// why\nimport "sync" // x\n\nfunc f() {}\n',
        (imported("maps"),),
        '// Package p\npackage p\n\n// why\nimport (\n\t"maps"\n\t"sync" // x\n)\n\nfunc f() {}\n',
    ),
    Case(
        "a first import, below the build tags",
        "//go:build linux && !cgo\n\npackage p // of something\n\nvar x int\n",
        (imported("sync"),),
        '//go:build linux && !cgo\n\npackage p // of something\n\nimport "sync"\n\nvar x int\n',
    ),
    Case(
        "cgo keeps its comment",
        'package p\n\n// #include <stdio.h>\nimport "C"\n\nvar x C.int\n',
        (imported("sync"),),
        'package p\n\n// #include <stdio.h>\nimport "C"\n\nimport "sync"\n\nvar x C.int\n',
    ),
    Case(
        "cgo beside a block",
        'package p\n\n/*\n#include <stdio.h>\n*/\nimport "C"\n\nimport (\n\t"fmt"\n)\n',
        (imported("sync"),),
        'package p\n\n/*\n#include <stdio.h>\n*/\nimport "C"\n\nimport (\n\t"fmt"\n\t"sync"\n)\n',
    ),
    Case(
        "an import that is gone, with its group",
        'package p\n\nimport (\n\t"fmt"\n\n\t// why\n\t"sync" // x\n\n\t"a.b/c"\n)\n\nvar x int\n',
        (imported(drop=("sync", "net")),),
        'package p\n\nimport (\n\t"fmt"\n\n\t"a.b/c"\n)\n\nvar x int\n',
    ),
    Case(
        "the last two groups are gone",
        'package p\n\nimport (\n\t"fmt"\n\n\t"a.b/c"\n\t"a.b/d"\n\n\t"a.b/e" // x\n)\n',
        (imported("x.y/z", drop=("a.b/c", "a.b/d", "a.b/e")),),
        'package p\n\nimport (\n\t"fmt"\n\n\t"x.y/z"\n)\n',
    ),
    Case(
        "the first two groups are gone",
        'package p\n\nimport (\n\t"fmt"\n\n\t"a.b/c"\n\n\t// why\n\t"a.b/e" // x\n)\n',
        (imported(drop=("fmt", "a.b/c")),),
        'package p\n\nimport (\n\t// why\n\t"a.b/e" // x\n)\n',
    ),
    Case(
        "the only import is gone",
        'package p\n\nimport "sync"\n\nvar x int\n',
        (imported(drop=("sync",)),),
        "package p\n\nvar x int\n",
    ),
    Case(
        "all imports of a block for others",
        'package p\n\nimport (\n\t"sync" // x\n\n\t"a.b/c"\n)\n\nvar x int\n',
        (imported("maps", "a.b/d", drop=("sync", "a.b/c")),),
        'package p\n\nimport (\n\t"maps"\n\n\t"a.b/d"\n)\n\nvar x int\n',
    ),
    Case(
        "an empty block",
        "package p\n\nimport ()\n\nvar x int\n",
        (imported("maps"),),
        'package p\n\nimport "maps"\n\nvar x int\n',
    ),
    Case(
        "several single imports",
        'package p\n\nimport "fmt"\nimport "os" // x\n\nvar x int\n',
        (imported("maps"),),
        'package p\n\nimport "fmt"\nimport "os" // x\nimport "maps"\n\nvar x int\n',
    ),
    Case(
        "several first imports",
        "package p\n\nvar x int\n",
        (imported("sync", "a.b/c", "maps"),),
        'package p\n\nimport (\n\t"maps"\n\t"sync"\n\n\t"a.b/c"\n)\n\nvar x int\n',
    ),
    Case(
        "another folder's package joins a single import",
        'package p\n\nimport "a.b/c"\n\nvar x int\n',
        (imported("sync", "a.b/a"),),
        'package p\n\nimport (\n\t"sync"\n\n\t"a.b/a"\n\t"a.b/c"\n)\n\nvar x int\n',
    ),
    Case(
        "one import for another",
        'package p\n\nimport "sync"\n\nvar x int\n',
        (imported("sync/atomic", drop=("sync",)),),
        'package p\n\nimport "sync/atomic"\n\nvar x int\n',
    ),
    Case(
        "carriage returns",
        STRUCT.replace("\n", "\r\n"),
        (field(MU, after=True),),
        """package p

import "sync"

type Store struct {
	name string // shown to users
	// views counts how often a ticket was seen.
	views map[string]int
	mu    sync.Mutex // guards views
	last  time.Time  `json:"last"`
}
""".replace("\n", "\r\n"),
        clean=False,
    ),
    Case(
        "no line end at the end of the file",
        "package p\n\nfunc f() {\n\t§m[1]++\n}",
        (locked("mu"),),
        "package p\n\nfunc f() {\n\tmu.Lock()\n\tm[1]++\n\tmu.Unlock()\n}",
        clean=False,
    ),
    Case(
        "what gofmt never saw keeps its own look",
        "package p\n\ntype T struct {\n    a   int;\n    §views  map[string]int // x\n\tb int // y\n}\n",
        (field(MU),),
        "package p\n\ntype T struct {\n    a   int;\n    mu sync.Mutex // guards views\n    views  map[string]int // x\n\tb int // y\n}\n",
        clean=False,
    ),
    Case(
        "a mark of byte order",
        "\ufeffpackage p\n\nvar x int\n",
        (imported("sync"),),
        '\ufeffpackage p\n\nimport "sync"\n\nvar x int\n',
        clean=False,
    ),
]
