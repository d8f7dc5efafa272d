"""Reachability, dominators and components of graphs, against their definitions."""

from hypothesis import given
from hypothesis import strategies as st

from mapguard.ir.ancestors import Ancestors
from mapguard.ir.flow import components, dominators, immediate_dominators, predecessors, reachable
from mapguard.ir.model import Block


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Block, ...]:
    """Blocks that can all be reached from the first."""
    count = draw(st.integers(1, 9))
    succs: list[list[int]] = [draw(st.lists(st.integers(0, count - 1), max_size=3)) for _ in range(count)]
    for number in range(1, count):
        succs[draw(st.integers(0, number - 1))].append(number)
    return tuple(Block((), "select", tuple(s)) for s in succs)


def _reached(blocks: tuple[Block, ...], start: int, without: int = -1) -> set[int]:
    """The blocks that control can get to after ``start`` without passing ``without``."""
    found: set[int] = set()
    pending = [start]
    while pending:
        for succ in blocks[pending.pop()].succs:
            if succ not in found and succ != without:
                found.add(succ)
                pending.append(succ)
    return found


def _bits(found: int) -> set[int]:
    return {n for n in range(found.bit_length()) if found >> n & 1}


@given(graphs())
def test_reachable(blocks: tuple[Block, ...]) -> None:
    assert [_bits(found) for found in reachable(blocks)] == [_reached(blocks, n) for n in range(len(blocks))]


@given(graphs())
def test_dominators(blocks: tuple[Block, ...]) -> None:
    for number, found in enumerate(dominators(blocks)):
        avoidable = {d for d in range(1, len(blocks)) if number == 0 or number in _reached(blocks, 0, d)}
        assert _bits(found) == {0, number} | (set(range(len(blocks))) - avoidable if number else set())


@given(graphs())
def test_immediate_dominators(blocks: tuple[Block, ...]) -> None:
    all_of = [_bits(found) for found in dominators(blocks)]
    for number, above in enumerate(immediate_dominators(blocks)):
        assert all_of[number] - {number} == (all_of[above] if number else set())


@given(graphs())
def test_components(blocks: tuple[Block, ...]) -> None:
    found = components(blocks)
    assert sorted(n for c in found for n in c) == list(range(len(blocks)))
    after = [_bits(x) for x in reachable(blocks)]
    place = {n: i for i, c in enumerate(found) for n in c}
    for a in range(len(blocks)):
        for b in after[a]:
            assert place[b] <= place[a]
            assert (place[a] == place[b]) == (a == b or a in after[b])


def test_predecessors_are_as_many_as_edges() -> None:
    blocks = (Block((), "if", (1, 1), 0), Block((), "end", ()))
    assert predecessors(blocks) == [[], [0, 0]]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 60))
def test_ancestors(parents: list[int], x: int, y: int, low: int) -> None:
    tree = Ancestors()
    above: dict[int, int] = {0: 0}
    tree.room()
    tree.root(0)
    for node, parent in enumerate(parents, 1):
        tree.room()
        above[node] = parent % node
        tree.put(node, parent % node)

    def line(node: int) -> list[int]:
        found = [node]
        while above[found[-1]] != found[-1]:
            found.append(above[found[-1]])
        return found

    a, b = x % len(above), y % len(above)
    assert tree.common(a, b) == next(n for n in line(a) if n in line(b))
    assert tree.depth[a] == len(line(a)) - 1
    fitting = [n for n in line(a) if tree.depth[n] >= low]
    assert tree.highest(a, lambda node: tree.depth[node] >= low) == (fitting[-1] if fitting else a)
