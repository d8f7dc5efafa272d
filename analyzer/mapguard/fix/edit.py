"""Edits of one file to its new text, with the columns around them as gofmt would set them.

Offsets are bytes of the file without a byte order mark, as facts count them. New text has lines that end with ``\\n``; they get the ends of
the file's lines.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from mapguard.fix.layout import Layout, Section
from mapguard.fix.tokens import GoText

MARK = b"\xef\xbb\xbf"  # of byte order
_SHOWN = 40  # bytes of a text in a message


class EditError(Exception):
    """The change cannot be made; the message is a sentence that says why and where."""


class Edit(msgspec.Struct, frozen=True, order=True):
    """Bytes ``start`` to ``end`` of ``path`` become ``text``; nothing is removed where both are equal."""

    path: str
    start: int
    end: int
    text: bytes


def ordered(edits: Iterable[Edit]) -> list[Edit]:
    """The edits by place, each once. Two that change the same text in different ways are an error.

    Lines that are inserted at one place stay in the given order, after what is inserted there into the line.
    """
    known = sorted(dict.fromkeys(edits), key=lambda e: (e.path, e.start, e.end, e.text.startswith(b"\n")))
    for first, second in pairwise(known):
        same_place = first.start == second.start == first.end == second.end and b"\n" not in second.text
        if first.path == second.path and (second.start < first.end or same_place):
            raise EditError(f"{first.path}: two changes overlap, one to {_shown(first)} and one to {_shown(second)}")
    return known


def apply(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes of a file with the edits made. All of them must be of that file."""
    mark = MARK if source.startswith(MARK) else b""
    old = source.removeprefix(mark)
    known = [e for e in ordered(edits) if old[e.start : e.end] != e.text]
    if not known:
        return source
    before = GoText(old)
    out: list[bytes] = []
    places: list[tuple[int, int]] = []
    at = length = 0
    for e in known:
        if not 0 <= e.start <= e.end <= len(old):
            raise EditError(f"{e.path}: the change to {_shown(e)} lies outside the file")
        text = e.text.replace(b"\n", b"\r\n") if _carriage_returns(before, e.start) else e.text
        length += e.start - at
        out += [old[at : e.start], text]
        places.append((length, length + len(text)))
        length += len(text)
        at = e.end
    after = GoText(b"".join([*out, old[at:]]))
    return mark + _aligned(before, [(e.start, e.end) for e in known], after, places)


def _carriage_returns(text: GoText, offset: int) -> bool:
    """Whether lines end with ``\\r\\n`` around an offset."""
    end = text.source.find(b"\n", offset)
    if end < 0:
        end = text.source.rfind(b"\n", 0, offset)
    return end > 0 and text.source[end - 1 : end] == b"\r"


def _aligned(before: GoText, old: list[tuple[int, int]], after: GoText, new: list[tuple[int, int]]) -> bytes:
    """The new text with its columns put right around each change, unless the old text there is not as gofmt leaves it."""
    was, becomes = Layout(before), Layout(after)
    found: dict[int, Section] = {}
    for place, now in zip(old, new, strict=True):
        if all(_lines(before, s) == s.text() for s in was.sections(_near(before, place))):
            found.update((s.lines[0].start, s) for s in becomes.sections(_near(after, now)))
        group = was.sections(set(was.group(place[0])))  # of declarations: each of its sections depends on all
        if all(_lines(before, s) == s.text() for s in group):
            found.update((s.lines[0].start, s) for s in becomes.sections(set(becomes.group(now[0]))))
    return _replaced(after.source, found)


def _near(text: GoText, place: tuple[int, int]) -> set[int]:
    """The lines of a place, and the lines right above and below."""
    return set(range(text.line(place[0]) - 1, text.line(place[1]) + 2))


def _lines(text: GoText, section: Section) -> list[bytes]:
    return [text.source[line.start : line.end] for line in section.lines]


def _replaced(source: bytes, sections: dict[int, Section]) -> bytes:
    def parts() -> Iterator[bytes]:
        at = 0
        for _, section in sorted(sections.items()):
            for line, text in zip(section.lines, section.text(), strict=True):
                yield source[at : line.start] + text
                at = line.end
        yield source[at:]

    return b"".join(parts())


def _shown(e: Edit) -> str:
    text = e.text.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…") if text else "nothing"
