"""An HTML document to its elements and text, read strictly: what the tests of the HTML report look at."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

import sample_report
from mapguard.findings import select
from mapguard.findings.model import Report
from mapguard.findings.rules import all_rules
from mapguard.report.context import Context
from mapguard.report.html import render

_VOID = frozenset("meta input wbr".split())


class Element:
    """``text`` is all text inside, also that of inner elements."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.text = ""

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class Document(HTMLParser):
    """Every element in the order of the document; an end tag without its start is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, [e.name for e in self._open]

    def all(self, name: str = "", cls: str = "") -> list[Element]:
        return [e for e in self.elements if name in ("", e.name) and (not cls or cls in e.classes)]

    def one(self, name: str = "", cls: str = "") -> Element:
        (found,) = self.all(name, cls)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1].name == tag, (tag, [e.name for e in self._open])
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def ready(report: Report) -> Report:
    """With fingerprints, worst first: as a run returns it."""
    return msgspec.structs.replace(report, findings=tuple(select.with_fingerprints(report.findings)))


def sample_html(root: Path, report: Report, **context: Any) -> str:
    """The HTML of a report on the sample's sources, which are written below ``root``."""
    sample_report.write_sources(root)
    return render(report, Context(root=root, rules=all_rules(), **context))
