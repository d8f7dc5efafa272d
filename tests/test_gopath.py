"""Trees without go.mod: the import path of the root, told by what the packages import from each other."""

from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.findings.model import Confidence
from mapguard.frontend.gopath import root_path

FOLDERS = {"store", "api/http", "cmd/server"}


@pytest.mark.parametrize(
    ("imports", "root"),
    [
        (["example.com/a/store", "example.com/a/api/http", "fmt", "github.com/x/store"], "example.com/a"),
        (["example.com/a/store"], ""),  # one may be chance
        (["store", "api/http"], ""),  # an import path starts with a host
        (["example.com/a/other", "example.com/b/things"], ""),
        ([], ""),
    ],
)
def test_root_path(imports: list[str], root: str) -> None:
    assert root_path(imports, FOLDERS) == root


def test_packages_without_go_mod_know_each_other(tmp_path: Path) -> None:
    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")

    write("store/store.go", "package store\n\nvar Seen = map[string]int{}\n\nfunc See(name string) { Seen[name]++ }\n")
    write("words/words.go", "package words\n\nconst One = 1\n")
    write(
        "main.go",
        'package main\n\nimport (\n\t"example.com/old/store"\n\t"example.com/old/words"\n)\n\nfunc main() {\n'
        '\tgo store.See("a")\n\tstore.Seen["b"] = words.One\n}\n',
    )
    report = pipeline.run(Options(paths=(tmp_path,), cache=False))
    found = [f for f in report.findings if f.confidence != Confidence.LOW]
    assert [(f.map.package, f.map.name) for f in found] == [("example.com/old/store", "Seen")]
    assert {a.path for a in found[0].accesses[:2]} == {"main.go", "store/store.go"}
