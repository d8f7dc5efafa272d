"""What doc comments and names promise of those who call a function: at initialisation only, from one goroutine only, once an object."""

import re

from mapguard.program.model import Func

UNSAFE = re.compile(
    r"(?i)not (\w+ ){0,3}(safe|concurren|goroutine|thread)|n't (\w+ ){0,3}(safe|concurren)|unsafe for concurren|single[- ]threaded"
)
SAFE = re.compile(
    r"(?i)(safe|suitable) (for (concurrent|simultaneous|use by multiple)|to (use|call|be (used|called)) (from )?(multiple|several|many))"
    r"|goroutine[- ]?safe|thread[- ]?safe|concurrency[- ]?safe|concurrently"
)
_FILLS = re.compile(r"(?:[Uu]nmarshal|[Dd]ecode|GobDecode)(?![a-z])")
_EARLY = r"(init\b|initiali[sz]ation|init\(\)|start-?up)"
_AT_START = re.compile(rf"(?i)\b(must|only|should)\b[^.;]{{0,60}}{_EARLY}|{_EARLY}[^.;]{{0,20}}\bonly\b")


def for_initialisation(func: Func) -> bool:
    """``// RegisterX must only be called during initialization (i.e. in an init() function)``."""
    return bool(_AT_START.search(func.facts.doc))


def fills_new(func: Func) -> bool:
    """``UnmarshalJSON``, ``DecodeMsg``: a method that fills an object from its encoded form; that is a new one nearly always."""
    return func.frame.recv is not None and bool(_FILLS.match(func.frame.facts.name))


def for_several_goroutines(func: Func) -> bool:
    """``// Group is safe to call from multiple goroutines``."""
    return func.exported and bool(SAFE.search(func.facts.doc)) and not UNSAFE.search(func.facts.doc)


def for_one_goroutine(func: Func) -> bool:
    """``// Next is not safe for concurrent use``."""
    return bool(UNSAFE.search(func.facts.doc))


_BEGINS = re.compile(r"(?i)start|init|initiali[sz]e|open|setup|launch|boot|bootstrap|provision")
_LIVES = re.compile(r"(?i)run|serve|loop|listen(andserve)?")


def begins(func: Func) -> bool:
    """Methods ``Start``, ``Init``, ``Open`` and their like: an object's life begins there, once."""
    return func.frame.recv is not None and bool(_BEGINS.fullmatch(func.frame.facts.name))


def once_an_object(func: Func) -> bool:
    """Those, and ``Run`` and ``Serve``, in which an object spends its life."""
    return begins(func) or (func.frame.recv is not None and bool(_LIVES.fullmatch(func.frame.facts.name)))


_CONFIGURES = re.compile(r"Configure(?![a-z])|SetConfig(?![a-z])")


def configures(func: Func) -> bool:
    """Methods ``Configure``, ``ConfigureStore``, ``SetConfig``: an object is told its settings."""
    return func.frame.recv is not None and bool(_CONFIGURES.match(func.frame.facts.name))


_PHASE = re.compile(r"(?:[Pp]arse|[Rr]eset|[Rr]estore|[Rr]ecover|[Ll]oad|[Ii]nit|[Ii]nitiali[sz]e)(?![a-z])")


def in_a_phase(func: Func) -> bool:
    """``parseFlags``, ``resetState``, ``restoreFromDisk``: steps that often have the object to themselves."""
    return bool(_PHASE.match(func.frame.facts.name))
