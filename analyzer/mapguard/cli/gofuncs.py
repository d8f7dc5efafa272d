"""Changed lines of a Go file to the lines of the functions that they are in."""

from collections.abc import Collection

from mapguard.findings.blocks import blocks


def with_functions(lines: list[str], changed: Collection[int]) -> set[int]:
    """The changed lines, and all lines of the functions that they are in."""
    grown = set(changed)
    for block in blocks(lines):
        if block.kind == "func" and any(block.first <= line <= block.last for line in changed):
            grown.update(range(block.first, block.last + 1))
    return grown
