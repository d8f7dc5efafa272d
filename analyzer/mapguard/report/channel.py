"""Text that holds words of the scanned code to what a channel takes as text: no terminal, log or build server finds a command in it.

Build servers read commands from whatever a step prints: GitHub and its kin lines that begin with ``::``, and ``##[`` anywhere; Azure
``##vso[``; TeamCity ``##teamcity[``.
"""

import re

import msgspec

from mapguard.report.excerpt import clean

_BRACKET = re.compile(r"#(?=#(?:vso|teamcity)?\[)")
_ODD = re.compile(r"[^\x00-\x7e]")
_COLONS = re.compile(r"^([^\S\n]*)::", re.MULTILINE)


def line(text: str) -> str:
    """A line of its own on a terminal or in a log."""
    return defused(clean(text))


def defused(text: str) -> str:
    """Lines that are harmless but for commands: they may be coloured."""
    return _BRACKET.sub("# ", _COLONS.sub(r"\1\\::", text))


def json(document: str) -> str:
    """A JSON document: it says the same afterwards. In JSON a number sign is part of a string, and no line begins with a colon."""
    return _ODD.sub(_escape, _BRACKET.sub(r"\\u0023", document))


def indented(value: object) -> str:
    """A value as an indented JSON document with a final newline."""
    return json(msgspec.json.format(msgspec.json.encode(value), indent=1).decode()) + "\n"


def markup(document: str) -> str:
    """An HTML or Markdown document: it shows the same afterwards."""
    return _BRACKET.sub("&#35;", _COLONS.sub(r"\1&#58;:", document))


def command(text: str) -> str:
    """The message of a workflow command; its lines are clean each by itself."""
    return "%0A".join(clean(part).replace("%", "%25") for part in text.split("\n"))


def parameter(text: str) -> str:
    """The value of a parameter of a workflow command."""
    return command(text).replace(":", "%3A").replace(",", "%2C")


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
