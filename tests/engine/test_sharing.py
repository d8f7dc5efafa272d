"""Which accesses are of one object that two threads share: programs that differ in who gets which object."""

import pytest

from engine.stated import Engine

HEAD = """package main
import "sync"
var _ sync.Mutex
type T struct{ m map[string]int }
func New() *T { return &T{m: map[string]int{}} }
"""

PROGRAMS = {
    "a variable that a literal sets once": (
        """
func main() {
	for range 2 {
		t := New()
		go func() {
			var m map[string]int
			func() { m = t.m }()
			m["a"] = 1
		}()
	}
}
""",
        set(),
    ),
    "a variable that a literal sets to what others have": (
        """
func main() {
	t := New()
	for range 2 {
		go func() {
			var m map[string]int
			func() { m = t.m }()
			m["a"] = 1 // @own
		}()
	}
}
""",
        {("own",)},
    ),
    "functions in a slice, each with an object of its own": (
        """
func main() {
	var list []func()
	for range 2 {
		t := New()
		list = append(list, func() { t.m["a"] = 1 })
	}
	for _, f := range list {
		go f()
	}
}
""",
        set(),
    ),
    "functions in a slice, all with one object": (
        """
func main() {
	var list []func()
	t := New()
	for range 2 {
		list = append(list, func() { t.m["a"] = 1 }) // @all
	}
	for _, f := range list {
		go f()
	}
}
""",
        {("all",)},
    ),
    "functions over a channel, each with an object of its own": (
        """
func main() {
	work := make(chan func())
	for range 2 {
		go func() {
			for f := range work {
				f()
			}
		}()
	}
	for range 3 {
		t := New()
		work <- func() { t.m["a"] = 1 }
	}
}
""",
        set(),
    ),
    "functions over a channel, all with one object": (
        """
func main() {
	work := make(chan func())
	for range 2 {
		go func() {
			for f := range work {
				f()
			}
		}()
	}
	t := New()
	for range 3 {
		work <- func() { t.m["a"] = 1 } // @all
	}
}
""",
        {("all",)},
    ),
    "a method in a field of an object of the thread's own": (
        """
type Runner struct{ run func() }
func (t *T) set() { t.m["a"] = 1 }
func main() {
	for range 2 {
		t := New()
		go func() {
			r := Runner{run: t.set}
			r.run()
		}()
	}
}
""",
        set(),
    ),
    "a getter in a field": (
        """
type Getter struct{ get func() map[string]int }
func Make() *Getter {
	m := map[string]int{}
	return &Getter{get: func() map[string]int { return m }}
}
func main() {
	for range 2 {
		g := Make()
		go func() { g.get()["a"] = 1 }()
	}
}
""",
        set(),
    ),
    "a getter in a field of what all have": (
        """
type Getter struct{ get func() map[string]int }
func Make() *Getter {
	m := map[string]int{}
	return &Getter{get: func() map[string]int { return m }}
}
func main() {
	g := Make()
	for range 2 {
		go func() { g.get()["a"] = 1 }() // @all
	}
}
""",
        {("all",)},
    ),
    "a method expression of a pointer": (
        """
func (t *T) set() { t.m["a"] = 1 }
func main() {
	for range 2 {
		t := New()
		go (*T).set(t)
	}
}
""",
        set(),
    ),
    "methods of values, each of an element of its own": (
        """
func (t T) put() { t.m["a"] = 1 }
func main() {
	ts := []*T{New(), New()}
	for i := range 2 {
		t := ts[i]
		go func() { t.put() }()
	}
}
""",
        set(),
    ),
    "methods of values that share one map": (
        """
func (t T) put() { t.m["a"] = 1 } // @put
func main() {
	t := New()
	for range 2 {
		go func() { t.put() }()
	}
}
""",
        {("put",)},
    ),
    "a variable that a literal sets to what a getter gives": (
        """
func (t *T) get() map[string]int { return t.m }
func main() {
	ts := []*T{New(), New()}
	for i := range 2 {
		t := ts[i]
		go func() {
			var m map[string]int
			func() { m = t.get() }()
			m["a"] = 1
		}()
	}
}
""",
        set(),
    ),
    "a map that is lent by a channel of its own": (
        """
type C struct{ c chan map[string]int }
func NewC() *C { c := make(chan map[string]int, 1); c <- map[string]int{}; return &C{c} }
func (c *C) put() { m := <-c.c; m["a"] = 1; c.c <- m }
func main() {
	x, y := NewC(), NewC()
	go x.put()
	go x.put()
	go y.put()
}
""",
        set(),
    ),
    "a map that is used when it has been given back to its channel": (
        """
type C struct{ c chan map[string]int }
func NewC() *C { c := make(chan map[string]int, 1); c <- map[string]int{}; return &C{c} }
func (c *C) put() { m := <-c.c; c.c <- m; m["a"] = 1 } // @put
func main() {
	x := NewC()
	go x.put()
	go x.put()
}
""",
        {("put",)},
    ),
    "elements by the round of a loop": (
        """
func main() {
	list := []*T{New(), New(), New()}
	for i := range 3 {
		go func() { list[i].m["a"] = 1 }()
	}
}
""",
        set(),
    ),
    "elements by the round of a loop that comes again": (
        """
func main() {
	list := []*T{New(), New(), New()}
	for range 2 {
		for i := range 3 {
			go func() { list[i].m["a"] = 1 }() // @again
		}
	}
}
""",
        {("again",)},
    ),
    "elements by indices with nothing in common": (
        """
func main() {
	list := []map[string]int{{}, {}, {}, {}}
	for i := range 2 {
		m := list[i]
		go func() { m["a"] = 1 }()
	}
	for i := 0; i < 2; i++ {
		m := list[i+2]
		go func() { m["a"] = 2 }()
	}
}
""",
        set(),
    ),
    "elements by indices that meet": (
        """
func main() {
	list := []map[string]int{{}, {}, {}, {}}
	for i := range 3 {
		m := list[i]
		go func() { m["a"] = 1 }() // @first
	}
	for i := 0; i < 2; i++ {
		m := list[i+2]
		go func() { m["a"] = 2 }() // @second
	}
}
""",
        {("first", "second")},
    ),
    "an index that is passed on": (
        """
func use(list []map[string]int, i int) { list[i]["a"] = 1 }
func main() {
	list := []map[string]int{{}, {}, {}}
	for i := range 3 {
		go use(list, i)
	}
}
""",
        set(),
    ),
    "two functions of one call that captured one object": (
        """
func together(fs ...func()) {
	for _, f := range fs {
		go f()
	}
}
func main() {
	t := New()
	together(func() { t.m["a"] = 1 }, func() { t.m["b"] = 1 }) // @both
}
""",
        {("both",)},
    ),
    "a field that is set to what others have": (
        """
func main() {
	t := New()
	for range 2 {
		own := New()
		own.m = t.m
		go func() { own.m["a"] = 1 }() // @lent
	}
}
""",
        {("lent",)},
    ),
    "a map made before the objects that hold it": (
        """
func main() {
	m := map[string]int{}
	for range 2 {
		t := &T{m: m}
		go func() { t.m["a"] = 1 }() // @held
	}
}
""",
        {("held",)},
    ),
    "a variable that takes a new map when it has given the old one away": (
        """
func main() {
	m := map[string]int{}
	for i := range 9 {
		m["a"]++
		if i%3 == 2 {
			go func(full map[string]int) { full["b"] = 1 }(m)
			m = map[string]int{}
		}
	}
}
""",
        set(),
    ),
    "a new map that is not always taken": (
        """
func main() {
	m := map[string]int{}
	for i := range 9 {
		next := map[string]int{}
		if i%3 == 2 {
			m = next
		}
		go func(m map[string]int) { m["b"] = 1 }(m) // @taken
	}
}
""",
        {("taken",)},
    ),
    "an object that its constructor shows to others": (
        """
var shown []func() int
func Shown() *T {
	t := &T{m: map[string]int{}}
	shown = append(shown, func() int { return 1 })
	return t
}
func main() {
	for range 2 {
		go func() {
			t := Shown()
			t.m["a"] = 1
		}()
	}
}
""",
        set(),
    ),
    "an object whose parts point back to it": (
        """
type Part struct{ whole *Whole }
type Whole struct {
	parts []*Part
	byName map[string]*Part
}
func (w *Whole) add() {
	p := &Part{whole: w}
	w.parts = append(w.parts, p)
	w.byName["a"] = p
}
func Open() *Whole {
	w := &Whole{byName: map[string]*Part{}}
	w.add()
	go func() { delete(w.byName, "a") }()
	return w
}
func main() { Open() }
""",
        set(),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_shared(name: str) -> None:
    source, expected = PROGRAMS[name]
    assert Engine(HEAD + source).races() == expected
