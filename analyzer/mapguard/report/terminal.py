"""Lines of styled text to a page: the only place of the text report that knows colours and widths."""

import textwrap

import click

from mapguard.findings.model import Severity
from mapguard.report import channel

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


class Page:
    """Collects lines. Without ``color`` the styling methods return their text as it is."""

    def __init__(self, color: bool, width: int) -> None:
        self.color = color
        self.width = max(min(width, 160), 40)
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        self._lines.append(channel.defused(text).rstrip())  # also where a line was wrapped

    def wrapped(self, text: str, first: str = "", rest: str | None = None) -> None:
        """A paragraph within the width; ``first`` and ``rest`` are what its lines start with."""
        after = first if rest is None else rest
        for number, part in enumerate(textwrap.wrap(text, self.width - len(after), break_long_words=False, break_on_hyphens=False) or [""]):
            self.line(f"{after if number else first}{part}")

    def labelled(self, label: str, text: str, style: str = "") -> None:
        """A paragraph with a short label in the margin: the labels of a finding stand below each other."""
        lines = textwrap.wrap(text, self.width - 10, break_long_words=False, break_on_hyphens=False) or [""]
        head = f"{label:<8}"
        self.line(f"  {click.style(head, fg=style) if style and self.color else self.dim(head)}{lines[0]}")
        for more in lines[1:]:
            self.line(f"{'':<10}{more}")

    def bold(self, text: str) -> str:
        return click.style(text, bold=True) if self.color else text

    def dim(self, text: str) -> str:
        return click.style(text, dim=True) if self.color else text

    def severity(self, text: str, severity: Severity) -> str:
        return click.style(text, fg=_COLORS[severity], bold=True) if self.color else text

    def colored(self, text: str, color: str) -> str:
        return click.style(text, fg=color) if self.color else text

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def counted(n: int, word: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
