"""Lines of cells to lines of text in columns, as gofmt pads them.

A cell that is followed by another one lies in a column with the same cell of the lines right above and below that have one too. The column
is as wide as its widest cell and one space. The last cell of a line belongs to no column.
"""

from collections.abc import Sequence


def padded(lines: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The lines, which must not be parted by anything, with their cells in columns."""
    widths: list[list[int]] = [[] for _ in lines]
    _measure(lines, 0, range(len(lines)), widths)
    return [_joined(cells, wide) for cells, wide in zip(lines, widths, strict=True)]


def _measure(lines: Sequence[Sequence[bytes]], column: int, among: range, widths: list[list[int]]) -> None:
    start = among.start
    while start < among.stop:
        stop = start
        while stop < among.stop and len(lines[stop]) > column + 1:
            stop += 1
        if stop > start:
            widest = max(_characters(lines[at][column]) for at in range(start, stop))
            for at in range(start, stop):
                widths[at].append(widest + 1 if widest else 0)  # a column in which every cell is empty is no column
            _measure(lines, column + 1, range(start, stop), widths)
        start = max(stop, start + 1)


def _joined(cells: Sequence[bytes], widths: list[int]) -> bytes:
    out = b"".join(cell + b" " * (width - _characters(cell)) for cell, width in zip(cells, widths, strict=False))
    return out + cells[-1]


def _characters(cell: bytes) -> int:
    return len(cell.decode("utf-8", "surrogateescape"))
