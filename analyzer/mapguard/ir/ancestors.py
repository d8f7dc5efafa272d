"""Blocks that are added one after the other to their dominator tree, with questions about ancestors in logarithmic time.

Myers: An applicative random-access stack, 1983: besides its parent each node knows one ancestor further up.
"""

from collections.abc import Callable


class Ancestors:
    """``depth`` of a node that was not added is -1; a root is its own parent."""

    def __init__(self) -> None:
        self.depth: list[int] = []
        self._parent: list[int] = []
        self._jump: list[int] = []

    def room(self) -> None:
        """Makes room for one node more."""
        self.depth.append(-1)
        self._parent.append(-1)
        self._jump.append(-1)

    def root(self, node: int) -> None:
        self.depth[node] = 0
        self._parent[node] = self._jump[node] = node

    def put(self, node: int, parent: int) -> None:
        depth, jump = self.depth, self._jump
        far = jump[parent]
        even = depth[parent] - depth[far] == depth[far] - depth[jump[far]]
        depth[node] = depth[parent] + 1
        self._parent[node] = parent
        jump[node] = jump[far] if even else parent

    def common(self, a: int, b: int) -> int:
        """The nearest common ancestor of two nodes of one tree."""
        if self.depth[a] < self.depth[b]:
            a, b = b, a
        depth = self.depth[b]
        a = self.highest(a, lambda node: self.depth[node] >= depth)
        while a != b:
            if self._jump[a] != self._jump[b]:
                a, b = self._jump[a], self._jump[b]
            else:
                a, b = self._parent[a], self._parent[b]
        return a

    def highest(self, node: int, fits: Callable[[int], bool]) -> int:
        """The highest ancestor that fits, where those below one that fits do too; ``node`` itself if none does."""
        while True:
            if self._jump[node] != node and fits(self._jump[node]):
                node = self._jump[node]
            elif self._parent[node] != node and fits(self._parent[node]):
                node = self._parent[node]
            else:
                return node
