"""Methods of a library's interface do what the models say, where no type of the tree can be behind it: what they are given runs."""

import pytest

from engine.stated import Engine

WATCHER = """
type watcher struct{ seen map[string]int }

func (w *watcher) OnAdd(obj any, initial bool) { w.note() }
func (w *watcher) OnUpdate(before, after any)  { w.note() }
func (w *watcher) OnDelete(obj any)            { w.note() }
func (w *watcher) note()                       { w.seen["a"]++ } // @note
"""

INFORMERS = (
    """package main

import "k8s.io/client-go/tools/cache"
"""
    + WATCHER
    + """
func newWatcher() *watcher { return &watcher{map[string]int{}} }

func watch(pods, nodes cache.SharedIndexInformer) {
	w := newWatcher()
	pods.AddEventHandler(w)
	nodes.AddEventHandler(%s)
}

func main() { watch(nil, nil) }
"""
)

POOL = """package main

import "github.com/alitto/pond"

type tally struct{ seen map[string]int }

func (t *tally) note() { t.seen["a"]++ } // @note

func main() {
	var workers pond.Pool = pond.NewPool(4)
	t := &tally{map[string]int{}}
	for range 4 {
		%s
		workers.Submit(t.note)
	}
}
"""


@pytest.mark.parametrize("source", [INFORMERS % "w", POOL % ""], ids=["handlers", "tasks"])
def test_what_an_interface_of_a_library_is_given_runs(source: str) -> None:
    assert Engine(source).races() == {("note",)}


@pytest.mark.parametrize(
    "source", [INFORMERS % "newWatcher()", POOL % "t := &tally{map[string]int{}}"], ids=["handlers of their own", "tasks of their own"]
)
def test_objects_of_their_own_are_kept_apart(source: str) -> None:
    assert Engine(source).races() == set()


WRAPPED = (
    INFORMERS % "w"
    + """
type counted struct{ cache.SharedIndexInformer }

func (c *counted) AddEventHandler(h cache.ResourceEventHandler) (any, error) { return c.SharedIndexInformer.AddEventHandler(h) }
"""
)


def test_an_implementation_in_the_tree_hides_no_handler() -> None:
    assert Engine(WRAPPED).races() == {("note",)}
