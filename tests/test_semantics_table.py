"""docs/semantics.md tells which fixtures show each idiom and how far the analysis is; ``UPDATE_GOLDEN=1`` writes both columns anew."""

import functools
import os
import re
from pathlib import Path

import pytest

from expect import Fixture
from test_fixtures import ALL, problems_of

DOC = Path(__file__).parent.parent / "docs" / "semantics.md"
_ROW = re.compile(r"^\| (?P<row>[A-Z]\d+) \| (?P<told>.*?) \|(?P<fixtures>[^|]*)\|(?P<state>[^|]*)\|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """Fixtures and state by row, as the page tells them."""
    return {m["row"]: (m["fixtures"].strip(), m["state"].strip()) for m in _ROW.finditer(DOC.read_text("utf-8"))}


def linked(found: list[Fixture]) -> str:
    return ", ".join(f"[{f.name.rpartition('/')[2]}](../tests/fixtures/{f.name})" for f in found)


@functools.cache
def cells(row: str) -> tuple[str, str]:
    """Fixtures and state of a row, as they are."""
    here = [f for f in ALL if f.row == row]
    racing, silent = [f for f in here if f.kind != "SILENT"], [f for f in here if f.kind == "SILENT"]
    right = [f for f in here if not f.known and not problems_of(f)]
    listed = "; ".join(part for part in (linked(racing), f"silent: {linked(silent)}" if silent else "") if part)
    return listed, "done" if here and right == here else "part" if right else "open"


def updated(text: str) -> str:
    return _ROW.sub(lambda m: f"| {m['row']} | {m['told']} | {' | '.join(cells(m['row']))} |", text)


@pytest.fixture(scope="module", autouse=True)
def _update() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        DOC.write_text(updated(DOC.read_text("utf-8")), "utf-8")


@pytest.mark.parametrize("row", list(rows()))
def test_row_is_true(row: str) -> None:
    assert rows()[row] == cells(row)


def test_every_fixture_is_in_a_row() -> None:
    assert {f.row for f in ALL} <= set(rows())


def test_all_rows_are_there() -> None:
    last = {"A": 8, "S": 17, "R": 11, "O": 8, "G": 14}
    assert set(rows()) == {f"{letter}{n}" for letter, end in last.items() for n in range(1, end + 1)}
