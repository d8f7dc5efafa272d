"""Every body of the fixtures and of the bundled example is a well-formed graph; and the check finds what is not."""

from pathlib import Path

import msgspec
import pytest

from ir.lowering import bodies_of, program_in, program_of
from ir.wellformed import between, problems
from mapguard.facts.syntax import TMap, TName
from mapguard.ir import model as m
from mapguard.program.types import Types

ROOT = Path(__file__).parent.parent.parent
INT, MAP = TName("", "int"), TMap(TName("", "int"), TName("", "int"))


@pytest.mark.parametrize("folder", ["tests/fixtures", "examples"])
def test_bodies_are_well_formed(folder: str) -> None:
    program = program_in(ROOT / folder)
    types = Types(program)
    bodies = list(bodies_of(program))
    assert len(bodies) > 5
    assert [f"{b.func}: {line}" for b in bodies for line in problems(b, types)] == []
    assert list(between(bodies)) == []


def _body(*blocks: m.Block, types: tuple[object, ...] = (INT, INT)) -> m.Body:
    return m.Body("f", 1, 0, types, ("",) * len(types), blocks)  # type: ignore[arg-type]


BROKEN = {
    "nothing reaches it": _body(m.Block((m.Const(1, "int"), m.Return((), 0)), "end", ()), m.Block((), "end", ())),
    "is defined again": _body(m.Block((m.Const(1, "int"), m.Const(1, "int")), "end", ())),
    "have no definition": _body(m.Block((), "end", ())),
    "which is not defined there": _body(
        m.Block((), "if", (1, 2), 0), m.Block((m.Const(1, "int"),), "jump", (2,)), m.Block((m.Return((1,), 0),), "end", ())
    ),
    "which b0 does not have": _body(
        m.Block((), "if", (1, 2), 0),
        m.Block((m.Const(1, "int"),), "jump", (2,)),
        m.Block((m.Phi(2, (1, 1)),), "end", ()),
        types=(INT, INT, INT),
    ),
    "for 1 predecessors": _body(m.Block((), "jump", (1,)), m.Block((m.Phi(1, (0, 0)),), "end", ())),
    "after other events": _body(m.Block((), "jump", (1,)), m.Block((m.RunDefers(), m.Phi(1, (0,))), "end", ())),
    "successors of a": _body(m.Block((m.Const(1, "int"),), "if", (0,), 0)),
    "a condition does not fit": _body(m.Block((m.Const(1, "int"),), "end", (), 0)),
    "a successor that is no block": _body(m.Block((m.Const(1, "int"),), "jump", (7,))),
    "control goes on after": _body(m.Block((m.Return((), 0), m.Const(1, "int")), "end", ())),
    "on a TName": _body(m.Block((m.Const(1, "int"), m.MapOp("clear", 0, m.NONE, m.NONE, 0, 0)), "end", ())),
    "has no type": _body(m.Block((m.Const(1, "int"), m.Const(2, "int")), "end", ())),
}


@pytest.mark.parametrize("said", BROKEN)
def test_the_check_finds(said: str) -> None:
    assert any(said in line for line in problems(BROKEN[said])), list(problems(BROKEN[said]))


def test_the_check_finds_results_of_calls_that_come_later() -> None:
    body = _body(m.Block((m.Call((1,), m.External("f"), (0,), "go", 0, 0), m.Return((1,), 0)), "end", ()))
    assert any("the result of" in line for line in problems(body))


def test_the_check_finds_bodies_that_do_not_fit() -> None:
    program = program_of("package main\nfunc main() { x := 1; f := func() { x++ }; f(); x = 2 }")
    inner, outer = bodies_of(program)
    assert list(between([inner, outer])) == []
    assert any("captured values" in line for line in between([msgspec.structs.replace(inner, captures=0), outer]))
    assert any("two bodies" in line for line in between([inner, inner]))
