"""Which map an access is about, and who calls whom: programs that state it line by line."""

import pytest

from engine.stated import Engine

HEAD = "package main\n"

MAPS = {
    "structs of two types, one inside the other, through the same helpers": """
type stamp struct{ zone *string }
type state struct {
	since stamp
	m map[string]int
}
func same[E any](e E) E { return e }
func again[E any](e E) E { return same(e) }
func passed[E any](e E) E { return again(e) }
func main() {
	first := state{m: map[string]int{}} // @x
	second := passed(first)
	second.since = passed(stamp{})
	third := passed(second)
	third.since = passed(third.since)
	third.m["k"] = 1 // maps: x
}
""",
    "a pointer converted to one to another type of struct, through a helper": """
type plain struct{ inner *kept }
type other plain
type kept struct{ m map[string]int }
func same[E any](e E) E { return e }
func main() {
	p := &plain{inner: &kept{m: map[string]int{}}} // @x
	o := same((*other)(p))
	q := same((*plain)(o))
	q.inner.m["k"] = 1 // maps: x
}
""",
    "a constructor called twice": """
type T struct{ m map[string]int }
func New() *T { return &T{m: map[string]int{}} } // @made
func main() {
	a := New() // @a
	b := New() // @b
	a.m["k"] = 1 // maps: made<a
	b.m["k"] = 1 // maps: made<b
	put(a)
}
func put(t *T) { t.m["k"]++ } // maps: made<a
""",
    "a constructor that calls another": """
type T struct{ m map[string]int }
func inner() *T { return &T{m: map[string]int{}} } // @made
func outer() *T { return inner() } // @in
func main() {
	a := outer() // @a
	b := outer() // @b
	a.m["k"] = 1 // maps: made<in<a
	b.m["k"] = 1 // maps: made<in<b
}
""",
    "setters of two objects": """
type T struct{ m map[string]int }
func (t *T) set(m map[string]int) { t.m = m }
func main() {
	a, b := &T{}, &T{}
	x := map[string]int{} // @x
	y := map[string]int{} // @y
	a.set(x)
	b.set(y)
	a.m["k"] = 1 // maps: x
	b.m["k"] = 1 // maps: y
}
""",
    "a closure and what it captures": """
func main() {
	m := map[string]int{} // @m
	other := map[string]int{} // @other
	f := func(k string) { m[k]++ } // maps: m
	f("a")
	other["a"] = 1 // maps: other
}
""",
    "a captured variable that changes": """
func main() {
	m := map[string]int{} // @first
	f := func() { m["a"]++ } // maps: first, second
	f()
	m = map[string]int{} // @second
	f()
}
""",
    "a literal made by a function: that of any call": """
func adder() func(string) {
	m := map[string]int{} // @m
	return func(k string) { m[k]++ } // maps: m
}
func main() {
	f := adder() // @a
	g := adder() // @b
	f("x")
	g("y")
}
""",
    "a bound method": """
type T struct{ m map[string]int }
func (t *T) put(k string) { t.m[k]++ } // maps: a
func main() {
	a := &T{m: map[string]int{}} // @a
	b := &T{m: map[string]int{}} // @b
	f := a.put
	f("x")
	b.m["y"] = 1 // maps: b
}
""",
    "a method expression": """
type T struct{ m map[string]int }
func (t *T) put(k string) { t.m[k]++ } // maps: a
func main() {
	a := &T{m: map[string]int{}} // @a
	f := (*T).put
	f(a, "x")
}
""",
    "an options struct": """
type Options struct{ labels map[string]int }
type T struct{ o Options }
func New(o Options) *T { return &T{o: o} }
func main() {
	x := Options{labels: map[string]int{}} // @x
	y := Options{labels: map[string]int{}} // @y
	a, b := New(x), New(y)
	a.o.labels["k"] = 1 // maps: x
	b.o.labels["k"] = 1 // maps: y
}
""",
    "functional options": """
type T struct{ m map[string]int }
type Option func(*T)
func With(m map[string]int) Option { return func(t *T) { t.m = m } }
func New(options ...Option) *T {
	t := &T{}
	for _, o := range options { o(t) }
	return t
}
func main() {
	x := map[string]int{} // @x
	t := New(With(x))
	t.m["k"] = 1 // maps: x
}
""",
    "a channel": """
func main() {
	c, d := make(chan map[string]int, 1), make(chan map[string]int, 1)
	c <- map[string]int{} // @x
	d <- map[string]int{} // @y
	m := <-c
	m["k"] = 1 // maps: x
	for n := range d { n["k"] = 1 } // maps: y
}
""",
    "elements of slices": """
func main() {
	a := []map[string]int{{}} // @x
	b := []map[string]int{}
	b = append(b, map[string]int{}) // @y
	a[0]["k"] = 1 // maps: x
	for _, m := range b { m["k"] = 1 } // maps: y
}
""",
    "a map of functions": """
func main() {
	m := map[string]int{} // @m
	handlers := map[string]func(string){"put": func(k string) { m[k]++ }} // maps: m
	handlers["put"]("x")
}
""",
    "an interface with two types behind it": """
type putter interface{ put(k string) }
type one struct{ m map[string]int }
type two struct{ m map[string]int }
func (o *one) put(k string) { o.m[k]++ } // maps: x
func (t *two) put(k string) { t.m[k]++ } // maps: y
func main() {
	var p putter = &one{m: map[string]int{}} // @x
	p.put("a") // calls: (one).put
	p = &two{m: map[string]int{}} // @y
	p.put("b") // calls: (two).put
}
""",
    "an assertion takes out what has its type": """
type one struct{ m map[string]int }
type two struct{ m map[string]int }
func main() {
	for _, v := range []any{&one{m: map[string]int{}}, &two{}} { // @x
		if o, ok := v.(*one); ok {
			o.m["k"] = 1 // maps: x
		}
	}
}
""",
    "generic functions and types": """
type Box[T any] struct{ value T }
func (b *Box[T]) Get() T { return b.value }
func box[T any](v T) *Box[T] { return &Box[T]{value: v} }
func main() {
	x := box(map[string]int{}) // @x
	y := box(map[string]int{}) // @y
	x.Get()["k"] = 1 // maps: x
	y.Get()["k"] = 1 // maps: y
}
""",
    "a generic helper over a named map": """
type Labels map[string]int
func set[M ~map[string]int](m M, k string) { m[k] = 1 } // maps: x
func main() {
	l := Labels{} // @x
	set(l, "k")
}
""",
    "a copy of a struct shares its maps": """
type T struct{ m map[string]int }
func main() {
	a := T{m: map[string]int{}} // @x
	b := a
	b.m["k"] = 1 // maps: x, y
	b.m = map[string]int{} // @y
	b.m["k"] = 1 // maps: y
	a.m["k"] = 1 // maps: x
}
""",
    "a deep copy has its own": """
type T struct{ m map[string]int }
func (t *T) Clone() *T {
	c := &T{m: make(map[string]int, len(t.m))} // @copy
	for k, v := range t.m { // maps: made
		c.m[k] = v // maps: copy
	}
	return c
}
func main() {
	a := &T{m: map[string]int{}} // @made
	c := a.Clone() // @clone
	c.m["k"] = 1 // maps: copy<clone
	a.m["k"] = 1 // maps: made
}
""",
    "concurrent maps of the library": """
import "sync"
func main() {
	var c, d sync.Map
	c.Store("a", map[string]int{}) // @x
	d.Store("a", map[string]int{}) // @y
	v, _ := c.Load("a")
	v.(map[string]int)["k"] = 1 // maps: x
	w, _ := d.Load("a")
	w.(map[string]int)["k"] = 1 // maps: y
}
""",
    "atomic values": """
import "sync/atomic"
func main() {
	var p, q atomic.Pointer[map[string]int]
	x := map[string]int{} // @x
	y := map[string]int{} // @y
	p.Store(&x)
	q.Store(&y)
	(*p.Load())["k"] = 1 // maps: x
	(*q.Load())["k"] = 1 // maps: y
}
""",
    "a recursive builder": """
type N struct { m map[string]int; next *N }
func build(depth int) *N {
	n := &N{m: map[string]int{}} // @made
	if depth > 0 { n.next = build(depth - 1) } // @again
	return n
}
func main() {
	n := build(3) // @root
	n.m["k"] = 1 // maps: made<root
	n.next.m["k"] = 1 // maps: made<again<root
}
""",
    "mutual recursion passes what it was given": """
func ping(m map[string]int, n int) { if n > 0 { pong(m, n-1) } }
func pong(m map[string]int, n int) { m["k"] = n; ping(m, n-1) } // maps: x
func main() {
	x := map[string]int{} // @x
	ping(x, 3)
}
""",
    "nested maps": """
func main() {
	outer := map[string]map[string]int{} // @outer
	outer["a"] = map[string]int{} // maps: outer // @inner
	in := outer["a"] // maps: outer
	in["k"] = 1 // maps: inner
}
""",
    "package variables": """
var a = map[string]int{} // @a
var b map[string]int
func main() {
	b = map[string]int{} // @b
	a["k"] = 1 // maps: a
	b["k"] = 1 // maps: b
}
""",
    "what a caller outside gives": """
type T struct{ m map[string]int }
func (t *T) Put(k string) { t.m[k]++ } // maps: outside, own
func Own(t *T) {
	t.m = map[string]int{} // @own
	t.m["k"] = 1 // maps: outside, own
}
""",
}

CALLS = {
    "by name, as a value, started, deferred": """
func f() {} // callers: a, b, c, d
func main() {
	f() // @a
	go f() // @b
	defer f() // @c
	g := f
	g() // @d // calls: f
}
""",
    "only the methods of what gets there": """
type runner interface{ run() }
type one struct{}
type two struct{}
func (one) run() {} // callers: a
func (two) run() {} // callers: b
func main() {
	var r runner = one{}
	r.run() // @a // calls: (one).run
	var s runner = two{}
	s.run() // @b // calls: (two).run
}
""",
    "functions of named types, each with its own method": """
type runner interface{ run() }
type one func()
type two func()
func (f one) run() { f() }
func (f two) run() { f() }
func main() {
	a, b := 0, 0
	var r runner = one(func() { a++ })
	r.run() // calls: (one).run
	var s runner = two(func() { b++ })
	s.run() // calls: (two).run
}
""",
    "an interface that callers outside the tree fill with one type": """
type counter interface{ count(key string) }
type plain struct{ n int }
type tally struct{ m map[string]int }
func (p *plain) count(string) { p.n++ }
func (t *tally) count(key string) { t.m[key]++ }
type Server struct{ sink *plain }
func (s *Server) Serve() { count(s.sink) }
func count(c counter) { c.count("a") } // calls: (plain).count
""",
    "a callback kept in a field": """
type T struct{ done func() }
func New(done func()) *T { return &T{done: done} }
func finished() {} // callers: a
func other() {} // callers:
func main() {
	t := New(finished)
	t.done() // @a // calls: finished
	_ = New(other)
}
""",
    "a function that comes out of a function": """
func choose(b bool) func() {
	if b { return yes }
	return no
}
func yes() {} // callers: a
func no() {} // callers: a
func main() {
	choose(true)() // @a // calls: choose, yes, no
}
""",
    "a promoted method": """
type inner struct{ m map[string]int }
func (i *inner) put() { i.m["k"] = 1 } // callers: a // maps: x
type outer struct{ *inner }
func main() {
	o := outer{&inner{m: map[string]int{}}} // @x
	o.put() // @a // calls: (inner).put
}
""",
    "an interface that nobody outside the tree fills": """
type runner interface{ run() }
type one struct{}
func (one) run() {}
func Start(r runner) { r.run() } // calls: (one).run
""",
}


@pytest.mark.parametrize("name", [*MAPS, *CALLS])
def test_facts(name: str) -> None:
    engine = Engine(HEAD + {**MAPS, **CALLS}[name])
    stated = engine.stated()
    assert engine.found(stated) == stated


@pytest.mark.parametrize("name", [*MAPS, *CALLS])
def test_facts_do_not_depend_on_the_order_of_questions(name: str) -> None:
    engine = Engine(HEAD + {**MAPS, **CALLS}[name])
    stated = engine.stated()
    backwards = Engine(HEAD + {**MAPS, **CALLS}[name]).found(dict(reversed(stated.items())))
    assert backwards == engine.found(stated)
