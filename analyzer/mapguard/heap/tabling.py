"""Questions that depend on each other to their least fixpoint, computed on demand: tabling, as in logic programming.

A question's answer is a set, kept as the bits of an int, and only ever grows while the questions it rests on are answered. That an
answer is empty counts only when nothing is left to be done, so that no rule takes back what it said.
"""

from collections import deque
from collections.abc import Callable, Hashable

from mapguard.base.budget import BudgetError

Bits = int
_FEW = 24  # up to as many, taking the bits one by one is quickest
_DEPTH = 400  # questions answered inside one another; deeper ones wait for their turn


class _Node:
    __slots__ = ("error", "key", "queued", "users", "value")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.value: Bits = 0
        self.users: dict[_Node, None] = {}
        self.queued = False
        self.error: Exception | None = None  # a defect that was met while this was answered


class Table:
    """Answers by question. ``rule`` computes an answer from others, which it gets from ``ask``; it must be monotone in them. ``step`` is
    called before each use of it, and may raise: what has no answer then is computed when something is asked again. ``stratum`` tells which
    questions count as empty first: answers that rest on this may fill others."""

    def __init__(
        self, rule: Callable[[Hashable], Bits], step: Callable[[], None] | None = None, stratum: Callable[[Hashable], int] | None = None
    ) -> None:
        self._rule = rule
        self._stratum = stratum or _lowest
        self._step = step or _nothing
        self._nodes: dict[Hashable, _Node] = {}
        self._queue: deque[_Node] = deque()
        self._current: _Node | None = None
        self._depth = 0
        self._candidates: dict[Hashable, None] = {}
        self._nothing: set[Hashable] = set()  # questions whose answer was empty when all was settled
        self.evaluations = 0

    def ask(self, key: Hashable) -> Bits:
        """The answer. Inside a rule it is the one known so far, and the rule runs again when it grows."""
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node(key)
            if self._depth < _DEPTH:
                self._evaluate(node)
            else:
                self._enqueue(node)
        if node.error is not None:
            raise node.error
        if self._current is not None:
            node.users[self._current] = None
            return node.value
        self._settle()
        return node.value

    def known(self, key: Hashable) -> Bits | None:
        """The answer as far as it has been asked for, None where nobody has."""
        node = self._nodes.get(key)
        return node.value if node is not None else None

    def tell(self, key: Hashable, value: Bits) -> None:
        """Adds to the answer of a question what its rule does not say."""
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node(key)
        if value & ~node.value:
            node.value |= value
            for user in node.users:
                self._enqueue(user)

    def empty(self, key: Hashable) -> bool:
        """Whether a question has no answer, once everything else is settled: only then may a rule that asks rest on it (stratified
        negation)."""
        if self.ask(key):
            return False
        if key in self._nothing:
            return True
        self._candidates[key] = None
        return False

    def _settle(self) -> None:
        while True:
            while self._queue:
                node = self._queue.popleft()
                node.queued = False
                self._evaluate(node)
            nothing = [key for key in self._candidates if not self._nodes[key].value]
            if not nothing:
                self._candidates.clear()
                return
            lowest = min(map(self._stratum, nothing))
            for key in [key for key in nothing if self._stratum(key) == lowest]:
                del self._candidates[key]
                self._nothing.add(key)
                for user in self._nodes[key].users:
                    self._enqueue(user)

    def _enqueue(self, node: _Node) -> None:
        if not node.queued:
            node.queued = True
            self._queue.append(node)

    def _evaluate(self, node: _Node) -> None:
        before, self._current = self._current, node
        self._depth += 1
        self.evaluations += 1
        try:
            self._step()
            value = self._rule(node.key) | node.value
        except (BudgetError, MemoryError):
            self._enqueue(node)  # it has no answer yet
            raise
        except Exception as error:
            node.error = error  # nor will it have one: who asks is told
            raise
        finally:
            self._current = before
            self._depth -= 1
        if value != node.value:
            node.value = value
            for user in node.users:
                self._enqueue(user)


def _lowest(_: Hashable) -> int:
    """All questions are of one stratum."""
    return 0


def _nothing() -> None:
    """A step that costs nothing."""


def members(bits: Bits) -> list[int]:
    """The numbers in a set, ascending."""
    if bits.bit_count() <= _FEW:
        found: list[int] = []
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return found
    digits = bin(bits)[:1:-1]
    found = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found
