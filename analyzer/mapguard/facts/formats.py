"""A format as package fmt reads it to what it does with each argument.

A string's ``verbs`` are its directives without their text: a letter for each, ``*`` for a width or precision that is an argument, and
``[n]`` where the next argument is chosen by number.
"""

import re

_DIRECTIVE = re.compile(r"%[-+# 0]*((?:\[\d+\])?\*|\d*)(?:\.((?:\[\d+\])?\*|\d*))?(\[\d+\])?(.?)", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|(.)", re.DOTALL)
_LIMIT = 200  # characters
_UNREAD = frozenset("pT*")


def verbs_of(text: str) -> str:
    """The directives of a string, were it a format; "" if it has none."""
    found: list[str] = []
    for width, precision, number, verb in _DIRECTIVE.findall(text):
        found.extend(part for part in (width, precision) if part.endswith("*"))
        if verb not in ("%", ""):
            found.append(number + verb)
    return "".join(found)[:_LIMIT]


def unread_by(verbs: str) -> frozenset[int]:
    """The arguments after a format with these directives that it does not look into."""
    unread: set[int] = set()
    read: set[int] = set()
    at = 0
    for number, verb in _STEP.findall(verbs):
        if number:
            at = int(number) - 1
            continue
        (unread if verb in _UNREAD else read).add(at)
        at += 1
    return frozenset(unread - read)
