"""What the layers above get for each map: the surest pair of accesses that can race, how sure it is and why, and all other accesses."""

from typing import NamedTuple

from mapguard.evidence.grades import Confidence, Link
from mapguard.evidence.location import Location
from mapguard.races.accesses import Access
from mapguard.races.contexts import Context


class Use(NamedTuple):
    """An access of the map and the ways to it on which others may have the map; without any it comes before the map is shared
    (``private``), or no thread is known that gets there."""

    access: Access
    contexts: tuple[Context, ...]
    private: bool = False


class Guard(NamedTuple):
    """The lock that the map's declaration names, or that most accesses hold on every way. ``held`` and ``missed`` have one access for each
    place in the text."""

    lock: Location
    held: tuple[Access, ...]
    missed: tuple[Access, ...]
    declared: bool = False


class Proof(NamedTuple):
    """``a`` writes; where both do, it is the side with fewer locks. ``objects`` are the abstract objects that stand for the map, one for
    each place that makes it. ``ended`` counts the pairs that were examined before this one was found, by what ended them."""

    where: Location
    a: Context
    b: Context
    confidence: Confidence
    links: tuple[Link, ...]
    reasons: tuple[str, ...]
    uses: tuple[Use, ...]
    guard: Guard | None
    objects: tuple[int, ...]
    ended: tuple[tuple[str, int], ...] = ()
