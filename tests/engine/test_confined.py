"""Whether a map is confined to the thread that reaches it: objects that shared code makes and fills for each of its callers."""

import pytest

from engine.stated import TWICE, Engine

HEAD = (
    """package main
import (
	"maps"
	"sync"
)
var _ = maps.Keys[map[string]int]
type meta struct{ labels map[string]string }
type pod struct {
	meta
	name string
}
func label(m *meta) {
	if m.labels == nil {
		m.labels = map[string]string{}
	}
	m.labels["by"] = "me"
}
"""
    + TWICE
)

PROGRAMS = {
    "each caller's object is filled by shared code, one caller starts a goroutine with its own": (
        """
func quiet() {
	p := &pod{name: "a"}
	label(&p.meta)
	p.labels["quiet"] = "yes"
}
func main() {
	twice(quiet)
	p := &pod{}
	label(&p.meta)
	done := make(chan bool)
	go func() {
		p.labels["later"] = "yes"
		done <- true
	}()
	<-done
}
""",
        set(),
    ),
    "one caller keeps its object for all": (
        """
var last = &pod{name: "a"}
func kept() {
	p := last
	p.labels["by"] = "me" // @fill
}
func main() {
	label(&last.meta)
	twice(kept)
}
""",
        {("fill",)},
    ),
    "the object is kept once more, beside what holds it": (
        """
var (
	mu   sync.Mutex
	last map[string]string
)
func kept() {
	p := &pod{}
	label(&p.meta)
	mu.Lock()
	if last == nil {
		last = p.labels
	}
	p.labels = last
	mu.Unlock()
	p.labels["again"] = "yes" // @again
}
func main() {
	twice(kept)
}
""",
        {("again",)},
    ),
    "a copy of what holds it is kept": (
        """
var first = &pod{meta: meta{labels: map[string]string{}}}
func copied() {
	p := *first
	p.labels["copied"] = "yes" // @copied
}
func main() {
	twice(copied)
}
""",
        {("copied",)},
    ),
    "a copy that a library made has the same elements": (
        """
var rules = map[string]map[string]bool{"read": {}}
func cloned() {
	own := maps.Clone(rules)
	own["read"]["a"] = true // @cloned
}
func main() {
	twice(cloned)
}
""",
        {("cloned",)},
    ),
    "an element leaves its container for another thread": (
        """
func main() {
	every := []map[string]int{{}, {}}
	var wg sync.WaitGroup
	for range 2 {
		m := every[0]
		wg.Add(1)
		go func() {
			defer wg.Done()
			m["a"]++ // @element
		}()
	}
	wg.Wait()
}
""",
        {("element",)},
    ),
    "elements of what each call copies, as deep as they lie in each other": (
        """
func deep(v any) any {
	switch v := v.(type) {
	case map[string]any:
		own := map[string]any{}
		for k, inner := range v {
			own[k] = deep(inner)
		}
		return own
	case []any:
		var own []any
		for _, inner := range v {
			own = append(own, deep(inner))
		}
		return own
	case int:
		return v
	}
	return nil
}
var original = map[string]any{"a": []any{map[string]any{"b": 1}}}
func set(v any, value int) {
	v.(map[string]any)["b"] = value
}
func edited() {
	own := deep(original).(map[string]any)
	for n, inner := range own["a"].([]any) {
		set(inner, n)
	}
}
func main() {
	twice(edited)
}
""",
        set(),
    ),
    "elements of what is not copied": (
        """
var original = map[string]any{"a": []any{map[string]any{"b": 1}}}
func set(v any, value int) {
	v.(map[string]any)["b"] = value // @original
}
func edited() {
	for n, inner := range original["a"].([]any) {
		set(inner, n)
	}
}
func main() {
	twice(edited)
}
""",
        {("original",)},
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_races(name: str) -> None:
    source, expected = PROGRAMS[name]
    assert Engine(HEAD + source).races() == expected
