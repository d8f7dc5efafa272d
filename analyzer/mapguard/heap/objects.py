"""Abstract objects: allocation sites under a heap context, package variables, parts of objects, and what comes from outside the tree.

Objects and contexts are interned: a small int stands for each, a set of them is the bits of an int. A context is the last call sites
under which a function runs, the innermost last; it says nothing of the calls before them.
"""

from typing import Literal, NamedTuple

from mapguard.facts.syntax import Type

Context = tuple[int, ...]
ANY: Context = ()
DEPTH = 2  # call sites that a context keeps

Kind = Literal["alloc", "global", "part", "result", "closure", "bound", "library", "outside"]
OUTSIDE = frozenset(["result", "library", "outside"])  # made outside the tree: their fields may hold anything


class Obj(NamedTuple):
    """``alloc``, ``closure``, ``bound``, ``result`` (of a library's function): made by the event at ``block``, ``place`` of ``func``
    under ``context``. ``global``, ``library``: called ``name``. ``part``: the storage of the field ``name`` of ``parent``. ``outside``:
    all objects of a type that come from callers outside the tree, or were there before the tree's code ran."""

    kind: Kind
    type: Type
    func: int = -1
    block: int = -1
    place: int = -1
    context: Context = ANY
    name: str = ""
    parent: int = -1


class Objects:
    def __init__(self) -> None:
        self.all: list[Obj] = []
        self._numbers: dict[Obj, int] = {}
        self._origin: list[int] = []
        self._contexts: list[Context] = []
        self._site: list[int] = []  # what objects that differ in their context only have in common, as a number
        self._numbers_of_sites: dict[tuple[object, ...], int] = {}
        self._siblings: list[list[int]] = []  # the objects of each site
        self._as_bits: list[int] = []  # the same as bits
        self._compatible: dict[int, tuple[int, int]] = {}

    def number(self, obj: Obj) -> int:
        found = self._numbers.get(obj)
        if found is None:
            found = self._numbers[obj] = len(self.all)
            self.all.append(obj)
            origin = obj if obj.parent < 0 else self.all[self._origin[obj.parent]]
            self._origin.append(found if obj.parent < 0 else self._origin[obj.parent])
            self._contexts.append(origin.context)
            inner = self._site[obj.parent] if obj.parent >= 0 else None
            type_ = obj.type if obj.kind == "outside" else None
            key = (obj.kind, obj.func, obj.block, obj.place, obj.name, type_, inner)
            site = self._numbers_of_sites.setdefault(key, len(self._siblings))
            if site == len(self._siblings):
                self._siblings.append([])
                self._as_bits.append(0)
            self._site.append(site)
            self._siblings[site].append(found)
            self._as_bits[site] |= 1 << found
        return found

    def compatible(self, number: int) -> int:
        """The objects that may be the same one, itself too: a shorter context says less. As bits; grows with the objects known."""
        siblings = self._siblings[self._site[number]]
        looked_at, bits = self._compatible.get(number, (0, 0))
        if looked_at == len(siblings):
            return bits
        mine = self.context(number)
        for other in siblings[looked_at:]:
            theirs = self.context(other)
            shorter, longer = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
            if not shorter or longer[-len(shorter) :] == shorter:
                bits |= 1 << other
        self._compatible[number] = (len(siblings), bits)
        return bits

    def common(self, a: int, b: int) -> int:
        """The objects of two sets that may be the same ones; of two that may be, the one of which more is known. As bits."""
        found = 0
        for number in range(a.bit_length()):
            if a >> number & 1:
                for other in range(b.bit_length()):
                    if b >> other & 1 and self.compatible(number) >> other & 1:
                        found |= 1 << (number if len(self.context(number)) >= len(self.context(other)) else other)
        return found

    def context(self, number: int) -> Context:
        """The context of the allocation that an object is, or is a part of."""
        return self._contexts[number]

    def site(self, number: int) -> int:
        """What objects that differ in their context only have in common."""
        return self._site[number]

    def same_site(self, number: int) -> int:
        """The objects that differ from this one in their context only, as bits."""
        return self._as_bits[self._site[number]]

    def origin(self, number: int) -> int:
        """The object that this one is a part of, or is reached from; itself where it is neither."""
        return self._origin[number]


def extended(context: Context, site: int) -> Context:
    """The context of what is called at ``site``. A recursive call adds nothing, so that contexts stay few."""
    if site in context:
        return context
    return (*context, site)[-DEPTH:]
