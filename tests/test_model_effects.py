"""The shipped models at work: small Go programs of model_effects.txt, and the maps that must be reported in each; user models."""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Confidence
from mapguard.models.entries import (
    FieldModel,
    FunctionModel,
    MethodModel,
    PackageModel,
    RegistrationModel,
    RootModel,
    SignatureModel,
)
from mapguard.models.load import load

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


# ---------------------------------------------------------------- the user's own, as docs/models.md shows them

_DOC = (Path(__file__).parent.parent / "docs" / "models.md").read_text("utf-8")
_SPAWNER = """package p

import "example.com/kit/task"

func Run(r *task.Runner) {
	m := map[string]int{}
	r.Spawn(func() { m["x"]++ })
	m["y"]++
}
"""


@pytest.mark.parametrize(
    "example", re.findall(r"^```toml\n(.*?)^```$", _DOC, re.MULTILINE | re.DOTALL), ids=lambda text: text.splitlines()[0]
)
def test_documented_example(example: str, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(example)
    load((tmp_path / "team.toml",))


def test_a_user_model_starts_a_goroutine(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/p\n\ngo 1.22\n")
    (tmp_path / "p.go").write_text(_SPAWNER)
    model = tmp_path / "team.toml"
    model.write_text('[[function]]\nname = "(*example.com/kit/task.Runner).Spawn"\nspawns = ["arg0"]\n')
    found = [pipeline.run(Options(paths=(tmp_path,), cache=False, models=models)).findings for models in ((), (model,))]
    assert [[f.map.name for f in findings] for findings in found] == [[], ["m"]]


@pytest.mark.parametrize("entry", [FunctionModel, RootModel, SignatureModel, MethodModel, FieldModel, RegistrationModel, PackageModel])
def test_every_key_is_documented(entry: type[msgspec.Struct]) -> None:
    assert [key for key in entry.__struct_encode_fields__ if not re.search(rf"`{key}`|\b{key} =|[{{ ]{key}[,}} ]", _DOC)] == []
