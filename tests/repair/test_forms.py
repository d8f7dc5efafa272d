"""Where a lock goes: every form, with the text that it becomes, which gofmt would leave as it is."""

import shutil
import subprocess
from pathlib import Path

import pytest

from repair.cases import CASES, HEAD, Case
from repair.repaired import repaired


def text(body: str) -> str:
    return f"{HEAD}func (s *S) Get(w http.ResponseWriter, r *http.Request) {{{body}}}\n"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_form(case: Case, tmp_path: Path) -> None:
    found = repaired(tmp_path, {"p/s.go": text(case.before)})
    assert found.failed == {}
    after = found.files["p/s.go"]
    head, _, body = after.partition("func (s *S) Get(w http.ResponseWriter, r *http.Request) {")
    assert body.rstrip().removesuffix("}") == case.after
    assert head.replace('\t"maps"\n', "") == HEAD


@pytest.mark.go
@pytest.mark.skipif(shutil.which("gofmt") is None, reason="the Go toolchain is not installed")
def test_all_forms_are_as_gofmt_leaves_them(tmp_path: Path) -> None:
    for number, case in enumerate(CASES):
        (tmp_path / f"{number}.go").write_text(text(case.after).replace("S", f"S{number}"))
    done = subprocess.run(["gofmt", "-l", "."], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
