"""docs/limits.md names every number that the analysis is bounded by, with the value that the code has."""

import importlib
import re
from pathlib import Path

from ablation.switches import switches
from mapguard.base.options import Options
from mapguard.cli.scan import scan

PAGE = (Path(__file__).parent.parent / "docs" / "limits.md").read_text("utf-8")
_ROW = re.compile(r"`(?P<module>[a-z_.]+):(?P<name>[A-Z_]+)`(?: \| | \()(?P<value>[0-9]+)")
ROWS = {f"mapguard.{m['module']}:{m['name']}": int(m["value"]) for m in _ROW.finditer(PAGE)}


def test_every_number_at_the_top_of_a_module_of_the_analysis_is_on_the_page() -> None:
    limits = {switch.name for switch in switches() if switch.kind == "limit"}
    assert len(limits) >= 20
    assert limits - ROWS.keys() == set()


def test_the_page_has_the_values_of_the_code() -> None:
    assert len(ROWS) == len(re.findall(r"`[a-z_.]+:[A-Z_]+`", PAGE))
    for name, value in ROWS.items():
        module, _, constant = name.partition(":")
        assert getattr(importlib.import_module(module), constant) == value, name


def test_the_page_has_the_defaults_of_the_options() -> None:
    defaults = {p.opts[0]: p.default for p in scan.params if p.opts[0] in ("--timeout", "--max-memory")}
    rows = re.findall(r"^\| `(--[a-z-]+) [A-Z]+` \| (\d+) \|", PAGE, re.MULTILINE)
    assert {name: int(value) for name, value in rows} == defaults
    assert f"{Options().max_file_bytes:,} bytes" in PAGE
