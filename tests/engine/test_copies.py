"""Which fields of a copied struct are its own and which are still the original's: programs that copy, renew, and use."""

import pytest

from engine.stated import TWICE, Engine

HEAD = (
    """package main
import "sync"
type Inner struct{ l map[string]int }
type T struct {
	m, n map[string]int
	in   Inner
	next *T
	kids map[string]map[string]int
}
func makeT() *T {
	one := func() map[string]int { return map[string]int{"a": 1} }
	return &T{m: one(), n: one(), in: Inner{one()}, kids: map[string]map[string]int{"a": one()}}
}
"""
    + TWICE
)

COPY_INTO = """
func (in *T) copyInto(out *T) {
	*out = *in
	if in.m != nil {
		in, out := &in.m, &out.m
		*out = make(map[string]int, len(*in))
		for k, v := range *in {
			(*out)[k] = v
		}
	}
}
"""

PROGRAMS = {
    "a field that is renewed through its address where the original has one": (
        COPY_INTO
        + """
func main() {
	t := makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c)
		c.m["b"] = 1
	})
}
""",
        set(),
    ),
    "a field beside the one that is renewed": (
        COPY_INTO
        + """
func main() {
	t := makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c)
		c.n["b"] = 1 // @other
	})
}
""",
        {("other",)},
    ),
    "a field that is renewed on one way only": (
        """
func (in *T) copyInto(out *T, deep bool) {
	*out = *in
	if in.m != nil && deep {
		in, out := &in.m, &out.m
		*out = make(map[string]int, len(*in))
	}
}
func main() {
	t := makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c, len(t.n) > 1)
		c.m["b"] = 1 // @kept
	})
}
""",
        {("kept",)},
    ),
    "a field that is renewed where the original has none": (
        """
func main() {
	t := makeT()
	twice(func() {
		c := *t
		if t.m == nil {
			c.m = map[string]int{}
		}
		c.m["b"] = 1 // @kept
	})
}
""",
        {("kept",)},
    ),
    "a field that is filled where the copy has none": (
        """
func main() {
	t := &T{}
	twice(func() {
		c := *t
		if c.m == nil {
			c.m = map[string]int{}
		}
		c.m["b"] = 1
	})
}
""",
        set(),
    ),
    "a struct in the struct, renewed by a call": (
        """
func (in *Inner) copyInto(out *Inner) {
	*out = *in
	if in.l != nil {
		out.l = map[string]int{}
	}
}
func (in *T) copyInto(out *T) {
	*out = *in
	in.in.copyInto(&out.in)
}
func main() {
	t := makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c)
		c.in.l["b"] = 1
	})
}
""",
        set(),
    ),
    "a struct in the struct, which a call only looks at": (
        """
func (in *Inner) copyInto(out *Inner) {
	if len(in.l) > 5 {
		*out = *in
		out.l = map[string]int{}
	}
}
func (in *T) copyInto(out *T) {
	*out = *in
	in.in.copyInto(&out.in)
}
func main() {
	t := makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c)
		c.in.l["b"] = 1 // @kept
	})
}
""",
        {("kept",)},
    ),
    "a pointer that is renewed, and what it points to": (
        """
func (in *T) deepInto(out *T) {
	*out = *in
	if in.m != nil {
		in, out := &in.m, &out.m
		*out = make(map[string]int, len(*in))
	}
	if in.next != nil {
		in, out := &in.next, &out.next
		*out = new(T)
		(*in).deepInto(*out)
	}
}
func main() {
	t := makeT()
	t.next = makeT()
	twice(func() {
		c := new(T)
		t.deepInto(c)
		c.m["b"] = 1
		c.next.m["b"] = 1
	})
}
""",
        set(),
    ),
    "a pointer that is not renewed": (
        COPY_INTO
        + """
func main() {
	t := makeT()
	t.next = makeT()
	twice(func() {
		c := new(T)
		t.copyInto(c)
		c.next.m["b"] = 1 // @shared
	})
}
""",
        {("shared",)},
    ),
    "maps in a map, renewed one by one": (
        """
func (in *T) deep() *T {
	out := new(T)
	*out = *in
	if in.kids != nil {
		in, out := &in.kids, &out.kids
		*out = make(map[string]map[string]int, len(*in))
		for key, val := range *in {
			var outVal map[string]int
			if val == nil {
				(*out)[key] = nil
			} else {
				in, out := &val, &outVal
				*out = make(map[string]int, len(*in))
				for key, val := range *in {
					(*out)[key] = val
				}
			}
			(*out)[key] = outVal
		}
	}
	return out
}
func main() {
	t := makeT()
	twice(func() { t.deep().kids["a"]["b"] = 1 })
}
""",
        set(),
    ),
    "maps in a map, of which only the outer one is renewed": (
        """
func (in *T) shallow() *T {
	out := new(T)
	*out = *in
	if in.kids != nil {
		in, out := &in.kids, &out.kids
		*out = make(map[string]map[string]int, len(*in))
		for key, val := range *in {
			(*out)[key] = val
		}
	}
	return out
}
func main() {
	t := makeT()
	twice(func() { t.shallow().kids["a"]["b"] = 1 }) // @inner
}
""",
        {("inner",)},
    ),
    "what a getter gives, with a map of its own": (
        """
type holder struct{ t T }
func (h *holder) get() T { return h.t }
func main() {
	h := &holder{*makeT()}
	twice(func() {
		c := h.get()
		old := c.m
		c.m = make(map[string]int)
		for k, v := range old {
			c.m[k] = v
		}
		c.m["b"] = 1
	})
}
""",
        set(),
    ),
    "what a getter gives, changed before it is renewed": (
        """
type holder struct{ t T }
func (h *holder) get() T { return h.t }
func main() {
	h := &holder{*makeT()}
	twice(func() {
		c := h.get()
		c.m["b"] = 1 // @before
		c.m = make(map[string]int)
		c.m["b"] = 1
	})
}
""",
        {("before",)},
    ),
    "a copy that is shown around before it is renewed": (
        """
var last *T
var mu sync.Mutex
func show(t *T) {
	mu.Lock()
	defer mu.Unlock()
	last = t
	last.m["b"] = 1
}
func main() {
	t := makeT()
	twice(func() {
		c := *t
		c.m["c"] = 1 // @shown
		show(&c)
		c.m = make(map[string]int)
	})
}
""",
        {("shown",)},
    ),
    "a pointer to a field of what others have": (
        """
func fill(m *map[string]int) {
	if *m == nil {
		*m = map[string]int{} // @made
	}
	(*m)["b"] = 1 // @filled
}
func main() {
	t := makeT()
	twice(func() { fill(&t.m) })
}
""",
        {("filled",), ("made",)},
    ),
    "a pointer to a field of what nobody else has": (
        """
func fill(m *map[string]int) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)["b"] = 1
}
func main() {
	twice(func() {
		var t T
		fill(&t.m)
		t.m["c"] = 1
	})
}
""",
        set(),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_races(name: str) -> None:
    source, expected = PROGRAMS[name]
    assert Engine(HEAD + source).races() == expected
