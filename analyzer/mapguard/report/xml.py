"""Elements to an XML document that holds no character which XML 1.0 forbids, and no command that a build server would read."""

from xml.etree.ElementTree import Element, indent, tostring

from mapguard.report import channel
from mapguard.report.excerpt import clean


def element(name: str, parent: Element | None = None, text: str = "", /, **attributes: str | int) -> Element:
    """A new element, at the end of ``parent`` where there is one. Lines of ``text`` stay lines; everything else is made harmless."""
    made = Element(name, {key: clean(str(value)) for key, value in attributes.items()})
    made.text = "\n".join(clean(line) for line in text.split("\n")) if text else None
    if parent is not None:
        parent.append(made)
    return made


def document(root: Element) -> str:
    """The document, indented, with a final newline."""
    indent(root, " ")
    return channel.markup(f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n')
