"""What is known of a value on a way through a body: constants that it is, or is not, and which of them rule each other out.

A value is known to be ``true``, ``false``, ``nil``, a number or text (``#`` and its spelling), ``zero`` (the zero value of its type),
``absent`` from its map or ``present`` there, of a dynamic type (``is`` and its name), or, after ``!``, not to be one of these.
"""

from collections.abc import Iterable

from mapguard.bodies.paths import Path

TRUE, FALSE, NIL, SOME, ZERO, ABSENT, PRESENT = "true", "false", "nil", "!nil", "zero", "absent", "present"
Fact = tuple[Path, str]

_ZEROS = frozenset([FALSE, NIL, ZERO, "#0", '#""'])
_NONE_YET = frozenset([PRESENT, SOME, TRUE])  # what a value that is missing in its map is not


def opposite(value: str) -> str:
    """What a value is known to be where a test for ``value`` fails."""
    if value in (TRUE, FALSE):
        return FALSE if value == TRUE else TRUE
    return value[1:] if value.startswith("!") else f"!{value}"


def rules_out(known: str, wanted: str) -> bool:
    """Whether a value that is known to be the one is not the other."""
    if known == wanted:
        return False
    if known == ABSENT or wanted == ABSENT:
        return (wanted if known == ABSENT else known) in _NONE_YET
    if PRESENT in (known, wanted):
        return False
    if known.startswith("!"):
        return _is(wanted, known[1:])
    if wanted.startswith("!"):
        return _is(known, wanted[1:])
    return not _is(known, wanted) and not _is(wanted, known)


def _is(value: str, constant: str) -> bool:
    """Whether a value that is ``value`` is certainly ``constant``."""
    return value == constant or (value in (ZERO, ABSENT) and constant in _ZEROS)


def possible(known: Iterable[str], wanted: str) -> bool:
    """Whether nothing that is known rules out what is wanted."""
    return not any(rules_out(one, wanted) for one in known)


def certain(known: Iterable[str], constant: str) -> bool:
    """Whether a value is known to be a constant."""
    unlike = constant[1:] if constant.startswith("!") else ""
    return any(_is(one, constant) or (unlike != "" and rules_out(one, unlike)) for one in known)
