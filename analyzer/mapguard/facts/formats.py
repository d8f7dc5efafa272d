"""A format as package fmt reads it to the verbs of its arguments."""

import re

from mapguard.facts.syntax import Binary, Expr, Lit

_DIRECTIVE = re.compile(r"%[-+# 0]*(\*|\d*)(?:\.(\*|\d*))?(\[)?(.?)", re.DOTALL)
_LIMIT = 64  # arguments


def verbs_of(text: str) -> str:
    """The verb of each argument in turn, ``*`` where a width or a precision takes one; "" where arguments are chosen by number."""
    found: list[str] = []
    for width, precision, numbered, verb in _DIRECTIVE.findall(text):
        if numbered:
            return ""
        found.extend("*" for part in (width, precision) if part == "*")
        if verb not in ("%", ""):
            found.append(verb)
    return "".join(found[:_LIMIT])


def format_verbs(x: Expr) -> str:
    """The verbs of a format that is written as a literal, or as several that are joined by ``+``; "" for anything else."""
    parts: list[str] = []
    while isinstance(x, Binary) and x.op == "+" and isinstance(x.y, Lit):
        parts.append(x.y.verbs)
        x = x.x
    return "".join(reversed([*parts, x.verbs])) if isinstance(x, Lit) else ""
