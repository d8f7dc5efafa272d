"""Threads to the threads that start them: which ones run a function, and by which events one thread leads to another."""

from mapguard.order.edges import Edges
from mapguard.order.threads import NO_SITE, Thread, Threads

Links = dict[Thread, frozenset[int]]


class Ancestry:
    def __init__(self, edges: Edges, threads: Threads) -> None:
        self.edges = edges
        self.threads = threads
        self._running: dict[int, frozenset[Thread]] = {}
        self._links: dict[Thread, Links] = {}

    def running(self, func: int) -> frozenset[Thread]:
        """The threads that run a function."""
        known = self._running.get(func)
        if known is None:
            found: set[Thread] = set()
            seen, pending = {func}, [func]
            while pending:
                self.edges.heap.budget.step()
                at = pending.pop()
                found.update(self.threads.started(at))
                for edge in self.edges.into(at):
                    caller = self.edges.index.sites[edge.site].func
                    if edge.kind in ("call", "once") and caller not in seen:
                        seen.add(caller)
                        pending.append(caller)
            known = self._running[func] = frozenset(found)
        return known

    def used(self, func: int) -> list[Thread]:
        """The same without those that nothing leads to, in order."""
        return sorted(t for t in self.running(func) if t.kind != "unused")

    def links(self, thread: Thread) -> Links:
        """The threads that a thread descends from, each with its own events that lead to it."""
        known = self._links.get(thread)
        if known is None:
            found: dict[Thread, set[int]] = {}
            seen, pending = {thread}, [thread]
            while pending:
                self.edges.heap.budget.step()
                at = pending.pop()
                if at.site == NO_SITE:
                    continue
                for parent in sorted(self.running(self.edges.index.sites[at.site].func)):
                    found.setdefault(parent, set()).add(at.site)
                    if parent not in seen:
                        seen.add(parent)
                        pending.append(parent)
            known = self._links[thread] = {t: frozenset(sites) for t, sites in found.items()}
        return known
