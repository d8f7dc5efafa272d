"""The recipes of docs/ci.md for other systems: valid for the system that reads them, and their commands run on a repository."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from git_repository import Repository
from mapguard.cli.formats import FORMATS
from scanning import environment
from test_ci_formats import GITLAB, JUNIT
from test_new_from_rev import FILES, SERVED

PAGE = (Path(__file__).parent.parent / "docs/ci.md").read_text("utf-8")
BIN = Path(sys.executable).parent


def recipe(heading: str, language: str) -> str:
    """The first block of a language below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"^```{language}\n(.*?)^```$", section, re.M | re.S)
    assert found is not None, heading
    return found[1]


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository whose last commit brings a race, on a branch; ``origin/main`` is where it began."""
    repository = Repository.made(tmp_path / "shop", FILES)
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("switch", "-q", "-c", "change")
    repository.commit({"setup.go": SERVED})
    return repository


def shell(repository: Repository, script: str, **env: str) -> int:
    """Runs a script of a recipe with the mapguard that is installed here, and ``reviewdog`` as far as its parser."""
    tools = repository.root.parent / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "mapguard").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mapguard "$@"\n')
    (tools / "reviewdog").write_text(f"#!/bin/sh\nexec {BIN / 'reviewdog-parser'} rdjson\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    home = str(repository.root.parent / "home")
    more = environment(PATH=path, XDG_CACHE_HOME=home, **env)
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=repository.root, env=more, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, done.stderr
    (repository.root.parent / "out").write_bytes(done.stdout)
    return done.returncode


def scans(script: list[str]) -> str:
    """The lines of a recipe that do not install anything."""
    lines = [line for line in script if not line.startswith(("pip ", "apt-get "))]
    assert any("mapguard scan" in line for line in lines)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("GitLab", "gitlab-ci"), ("Azure Pipelines", "azure-pipelines"), ("Bitbucket Pipelines", "bitbucket-pipelines")],
)
def test_the_system_would_take_it(tmp_path: Path, heading: str, schema: str) -> None:
    program = BIN / "check-jsonschema"
    if not program.exists():
        pytest.skip("check-jsonschema is not installed")
    file = tmp_path / "pipeline.yml"
    for text, expected in ((recipe(heading, "yaml"), 0), ("mapguard: [1]\npipelines: 3\nsteps: 4\n", 1)):
        file.write_text(text)
        done = subprocess.run([program, "--builtin-schema", f"vendor.{schema}", file], capture_output=True, check=False)
        assert done.returncode == expected, done.stdout.decode()


def test_gitlab(shop: Repository) -> None:
    job: dict[str, Any] = yaml.safe_load(recipe("GitLab", "yaml"))["mapguard"]
    assert shell(shop, scans(job["script"]), CI_MERGE_REQUEST_DIFF_BASE_SHA=shop.git("rev-parse", "HEAD~1")) == 1
    issues = json.loads((shop.root / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [e.message for e in GITLAB.iter_errors(issues)] == []
    assert len(issues) == 2  # what was there before too: GitLab compares
    assert b"1 finding" in (shop.root.parent / "out").read_bytes()
    assert (shop.root / job["artifacts"]["paths"][0]).read_text().startswith("<!doctype html>")
    assert shell(shop, scans(job["script"])) == 0  # on the default branch


def test_reviewdog(shop: Repository) -> None:
    if not (BIN / "reviewdog-parser").exists():
        pytest.skip("reviewdog's parser is not built (tests/consumers/reviewdog, see .ci/run)")
    assert shell(shop, recipe("reviewdog", "sh")) == 0
    (line,) = (shop.root.parent / "out").read_text().splitlines()
    assert "Store.items" in json.loads(line)["message"]


def test_jenkins(shop: Repository) -> None:
    install, scan = re.findall(r"^ *sh '(.*)'$", recipe("Jenkins", "groovy"), re.M)
    assert install.startswith("python -m venv .venv && ")
    pattern = re.search(r"checkStyle\(pattern: '(.*?)'", recipe("Jenkins", "groovy"))
    assert shell(shop, scan.replace(".venv/bin/", "")) == 0
    assert pattern is not None
    assert len(ElementTree.parse(shop.root / pattern[1]).findall("file/error")) == 2


def test_azure(shop: Repository) -> None:
    steps = yaml.safe_load(recipe("Azure Pipelines", "yaml"))["steps"]
    assert shell(shop, scans([step["script"] for step in steps if "script" in step])) == 1
    (results,) = [step["inputs"]["testResultsFiles"] for step in steps if step.get("task") == "PublishTestResults@2"]
    JUNIT.validate(str(shop.root / results))
    (published,) = [step["publish"] for step in steps if "publish" in step]
    assert len(json.loads((shop.root / published).read_text())["runs"][0]["results"]) == 2


def test_bitbucket(shop: Repository) -> None:
    step = yaml.safe_load(recipe("Bitbucket Pipelines", "yaml"))["pipelines"]["pull-requests"]["**"][0]["step"]
    assert shell(shop, scans(step["script"]), BITBUCKET_PR_DESTINATION_BRANCH="main") == 1
    (report,) = (shop.root / "test-results").iterdir()
    JUNIT.validate(str(report))
    assert ElementTree.parse(report).getroot().get("failures") == "1"


def test_the_table_names_every_format() -> None:
    table = PAGE.partition("| for | format |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", " ".join(re.findall(r"[^|]*\|$", table, re.M)))) == sorted(FORMATS)
