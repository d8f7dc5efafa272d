"""Entry points that models name: functions in a library's structs, those that one goroutine runs in turn, commands of one program."""

import pytest

from ir.lowering import program_of
from mapguard.base.stack import deep_stack
from mapguard.models.load import load
from mapguard.races.engine import judge_of

HEAD = """package main

import (
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/cache"
)

var seen = map[string]bool{}

func add(any) { seen["a"] = true }

func drop(any) { delete(seen, "a") }

var _ = cache.ResourceEventHandlerFuncs{}
var _ = cobra.Command{}
"""

COMMANDS = """
func set(*cobra.Command, []string) { seen["a"] = true }

func later(*cobra.Command, []string) {
	go func() {
		for range seen {
		}
	}()
}
"""


def races(main: str) -> int:
    judge = judge_of(program_of(HEAD + (COMMANDS if "cobra" in main else "") + main, models=True), load())
    with deep_stack():
        return len(list(judge.races()))


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("func F(i cache.SharedInformer) { i.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, DeleteFunc: drop}) }", 0),
        (
            "func F(i, j cache.SharedInformer) {\n"
            "\ti.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add})\n"
            "\tj.AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: drop})\n}",
            1,
        ),
        ("func F() *cobra.Command { return &cobra.Command{PreRun: set, Run: later} }", 0),  # set is over when later starts
        ("func F() *cobra.Command { return &cobra.Command{PreRun: later, Run: set} }", 1),
        ("func F() []*cobra.Command { return []*cobra.Command{{Run: set}, {Run: later}} }", 0),  # one process runs one of them
    ],
)
def test_entry_points_that_take_turns(main: str, expected: int) -> None:
    assert races(main) == expected
