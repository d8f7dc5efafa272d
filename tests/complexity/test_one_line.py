"""Many findings on one line: every report grows with their number, not with their number times the line's length."""

from pathlib import Path

import pytest

import scanning
from mapguard.report.markdown import LIMIT


def size(root: Path, maps: int, name: str) -> int:
    """Bytes of the report on one line of code that writes so many maps."""
    declared = "; ".join(f"m{n} = map[string]int{{}}" for n in range(maps))
    written = "; ".join(f"m{n}[r.URL.Path] = {n}" for n in range(maps))
    handler = f'http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {{ {written} }})'
    source = f'package p\n\nimport "net/http"\n\nvar ({declared})\n\nfunc Serve() {{ {handler} }}\n'
    scanning.tree(root, {"go.mod": "module m\n", "a.go": source})
    done = scanning.run("scan", ".", "--format", name, "--no-cache", cwd=root)
    assert done.code == 1, done.err
    return len(done.out)


@pytest.mark.parametrize("name", ["text", "json", "sarif", "html", "github", "concise"])
def test_reports_grow_in_proportion(tmp_path: Path, name: str) -> None:
    small, large = size(tmp_path / "a", 50, name), size(tmp_path / "b", 200, name)
    assert large < 4.6 * small


def test_a_summary_has_its_limit(tmp_path: Path) -> None:
    assert size(tmp_path, 600, "markdown") < LIMIT + 10_000
