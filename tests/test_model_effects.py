"""The shipped models at work: small Go programs of model_effects.txt, and the maps that must be reported in each."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Confidence

_HEADER = re.compile(r"^(import|report|wrong) (.*)\n", re.MULTILINE)


class Case(NamedTuple):
    name: str
    imports: tuple[str, ...]
    maps: tuple[str, ...]
    wrong: str
    body: str


def cases() -> list[Case]:
    """The programs of the file, in its order."""
    found = []
    text = (Path(__file__).parent / "model_effects.txt").read_text("utf-8")
    for section in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        name, _, rest = section.partition("\n")
        said: dict[str, str] = {}
        while (header := _HEADER.match(rest)) is not None:
            said[header[1]] = header[2]
            rest = rest[header.end() :]
        found.append(Case(name, tuple(said["import"].split()), tuple(said.get("report", "").split()), said.get("wrong", ""), rest))
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_model(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if case.wrong:
        request.applymarker(pytest.mark.xfail(reason=case.wrong, strict=True))
    imports = "\n".join(f'\t"{path}"' for path in case.imports)
    package = "main" if "func main()" in case.body else "p"
    (tmp_path / "go.mod").write_text("module example.com/p\n\ngo 1.22\n")
    (tmp_path / "p.go").write_text(f"package {package}\n\nimport (\n{imports}\n)\n\n{case.body}")
    report = pipeline.run(Options(paths=(tmp_path,), cache=False, debug=True))
    assert tuple(sorted({f.map.name for f in report.findings if f.confidence != Confidence.LOW})) == case.maps
