"""Text from the code to Markdown that shows it and does nothing else: no markup, no link, no mention."""

import re

from mapguard.report.excerpt import short

_SPECIAL = frozenset("&<>\"'`*_[](){}#!|~\\@$:-=+")
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)")
_BREAK = "&#8203;"  # a space of no width: GitHub looks for mentions and references after character references are resolved
_LONG = 300


def plain(text: str, room: int = _LONG) -> str:
    """Running text on one line."""
    return _escaped(short(text, room)).replace("&#64;", f"&#64;{_BREAK}").replace("&#35;", f"&#35;{_BREAK}")


def code(text: str, room: int = _LONG) -> str:
    """A name or a piece of code on one line."""
    return f"<code>{_escaped(short(text, room))}</code>"


def prose(text: str, room: int = 1_000) -> str:
    """A sentence; what stands 'in quotes' is code."""
    parts = _QUOTED.split(short(text, room))
    return "".join(code(part) if number % 2 else plain(part, room) for number, part in enumerate(parts))


def step(text: str) -> str:
    """What a step says, ``calls f: the line of code``: what follows the colon is code."""
    says, colon, line = text.partition(": ")
    return f"{plain(says)} {code(line)}" if colon else plain(says)


def listing(text: str, language: str = "go") -> str:
    """Lines of code as a block of their own."""
    lines = (_escaped(short(line.expandtabs(4), _LONG)) for line in text.splitlines() if line.strip())
    return f'<pre lang="{language}">' + "\n".join(lines) + "</pre>"


def link(text: str, address: str) -> str:
    """``text``, which is markup already, leading to an address, where there is one."""
    return f'<a href="{_escaped(address)}">{text}</a>' if address else text


def _escaped(text: str) -> str:
    return "".join(f"&#{ord(c)};" if c in _SPECIAL else c for c in text)
