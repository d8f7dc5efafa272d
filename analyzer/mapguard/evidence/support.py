"""A pair and the declarations around its map to what in the code says that several goroutines are meant to use it."""

from mapguard.evidence.caches import Caches
from mapguard.evidence.guard import Guards
from mapguard.evidence.location import Location
from mapguard.evidence.proof import Guard, Proof, Use
from mapguard.evidence.provenance import own_way
from mapguard.evidence.words import Words
from mapguard.facts.syntax import TName, TStruct
from mapguard.order.threads import NO_SITE
from mapguard.program.model import Func, NamedType
from mapguard.races.contexts import Context
from mapguard.races.judge import Judge


def guarded(guard: Guard) -> str:
    """What a guard says of the map: that its declaration names it, or how often it is held."""
    if guard.declared:
        return f"the map's declaration names its lock '{guard.lock.last}'"
    return f"'{guard.lock.last}' is held at {len(guard.held)} of {len(guard.held) + len(guard.missed)} accesses of the map"


def with_guard(proof: Proof, guard: Guard | None) -> Proof:
    """A proof with the guard of all accesses that are told of: its reasons count as that does."""
    before = guarded(proof.guard) if proof.guard is not None else ""
    now = (guarded(guard),) if guard is not None else ()
    reasons = tuple(told for r in proof.reasons for told in (now if r == before else (r,)))
    return proof._replace(guard=guard, reasons=reasons)


class Support:
    """Answers for one program."""

    def __init__(self, judge: Judge, guards: Guards, caches: Caches, words: Words) -> None:
        self.judge = judge
        self.index = judge.index
        self.guards = guards
        self.caches = caches
        self.words = words

    def of(self, where: Location, a: Context, b: Context, uses: tuple[Use, ...], guard: Guard | None) -> list[str]:
        """What speaks for concurrent use, as sentences without an end; nothing where a comment speaks against it."""
        funcs = [f for f in (self._function(c.thread.func) for c in (a, b)) if f is not None]
        owner = self._owner(where)
        if any(self.words.unsafe(f.facts.doc) for f in funcs) or (owner is not None and self.words.unsafe(owner.decl.comment)):
            return []
        found = []
        if guard is not None:
            found.append(guarded(guard))
        elif any(self.guards.held_beside(c) for c in (a, b)):
            found.append("one side holds a lock that lies beside the map")
        if owner is not None and self.words.safe(owner.decl.comment):
            found.append(f"the comment of {owner.name} promises that it is safe for concurrent use")
        found.extend(
            f"the comment of {f.display} promises that it is safe for concurrent use"
            for f in dict.fromkeys(funcs)
            if f.exported and self.words.safe(f.facts.doc)
        )
        lock = self._lock_in(owner) if owner is not None and not found else ""
        if owner is not None and lock:
            found.append(f"{owner.name} has a lock ('{lock}'): it is meant for several goroutines")
        cache = self.caches.reason(where, a, b, uses)
        if cache:
            found.append(cache)
        if not self._one_starts_the_other(a, b) and any(self._started_for(owner, x, y) for x, y in ((a, b), (b, a))):
            found.append("a goroutine that is started for the same object uses the map")
        return found

    def _owner(self, where: Location) -> NamedType | None:
        return self.index.types.program.named(where.package, where.owner) if where.kind == "field" else None

    def _function(self, number: int) -> Func | None:
        func = self.index.funcs[number]
        return func.frame if func is not None else None

    def _lock_in(self, owner: NamedType) -> str:
        """The name of a mutex in the struct; "" where it has none."""
        under = self.index.types.underlying(TName(owner.pkg, owner.name))
        for field in under.fields if isinstance(under, TStruct) else ():
            if self.guards.is_mutex(Location("field", f"{owner.pkg}.{owner.name}.{field.name}")):
                return field.name
        return ""

    def _one_starts_the_other(self, a: Context, b: Context) -> bool:
        """Whether the threads are of one family, so that one says nothing about callers who come while the other one runs."""
        links = self.judge.timing.ancestry.links
        return a.thread == b.thread or a.thread in links(b.thread) or b.thread in links(a.thread)

    def _started_for(self, owner: NamedType | None, a: Context, b: Context) -> bool:
        """Whether the thread of ``a`` is a goroutine that a method of the map's type starts or is, or that starts on the way of ``b``."""
        if a.thread.kind != "goroutine" or a.thread.site == NO_SITE:
            return False
        starter = self.index.sites[a.thread.site].func
        for number in (starter, a.thread.func):
            func = self._function(number)
            if func is not None and func.recv is not None and owner is not None and func.recv.key == owner.key:
                return True
        return starter in {b.access.func, *(self.index.sites[e.site].func for e in own_way(b))}
