"""The finding that the README shows is what a scan of the example prints."""

import re
from pathlib import Path

from scanning import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_finding_shown_is_what_a_scan_prints() -> None:
    done = run("scan", "examples/tickets", "--fail-on", "none", "--no-cache", cwd=ROOT)
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    parts = shown[1].split("\n  …\n")
    assert len(parts) == 2
    assert all(part.strip("\n") in done.out for part in parts)
