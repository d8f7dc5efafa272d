"""What doc comments and names promise of those who call a function: at initialisation only, from one goroutine only, once an object."""

import re

from mapguard.program.model import Func

UNSAFE = re.compile(
    r"(?i)not (\w+ ){0,3}(safe|concurren|goroutine|thread)|n't (\w+ ){0,3}(safe|concurren)|unsafe for concurren|single[- ]threaded"
)
_EARLY = r"(init\b|initiali[sz]ation|init\(\)|start-?up)"
_AT_START = re.compile(rf"(?i)\b(must|only|should)\b[^.;]{{0,60}}{_EARLY}|{_EARLY}[^.;]{{0,20}}\bonly\b")


def for_initialisation(func: Func) -> bool:
    """``// RegisterX must only be called during initialization (i.e. in an init() function)``."""
    return bool(_AT_START.search(func.facts.doc))


def for_one_goroutine(func: Func) -> bool:
    """``// Next is not safe for concurrent use``."""
    return bool(UNSAFE.search(func.facts.doc))


_BEGINS = re.compile(
    r"(?:[Ss]tart|[Rr]un|[Ii]nit|[Ii]nitiali[sz]e|[Oo]pen|[Ss]et[Uu]p|[Ss]erve(?!HTTP)|[Ll]aunch|[Bb]oot(?:strap)?|[Bb]egin|[Pp]rovision)(?![a-z])"
)


def begins(func: Func) -> bool:
    """Methods ``Start``, ``Init``, ``Open`` and their like: an object's life begins there, once."""
    return func.frame.recv is not None and bool(_BEGINS.match(func.frame.facts.name))
