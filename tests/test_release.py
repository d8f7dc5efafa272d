"""Releases: the notes of a tag, the wheel as people install it, the versions that are named, the image."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from mapguard import __version__
from patience import HANG
from test_action_lint import linted

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def notes(folder: Path, changelog: str, tag: str) -> "subprocess.CompletedProcess[str]":
    (folder / ".ci").mkdir(exist_ok=True)
    shutil.copy(ROOT / ".ci/notes", folder / ".ci")
    (folder / "CHANGELOG.md").write_text(changelog)
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    return subprocess.run([folder / ".ci/notes", tag], capture_output=True, text=True, check=False)


def test_the_notes_of_a_release(tmp_path: Path) -> None:
    log = "# Changelog\n\n## 1.2.4 (unreleased)\n\n- d\n\n## 1.2.3 (2026-12-01)\n\n- a\n- b\n\n## 1.2.30\n\n- c\n"
    done = notes(tmp_path, log, "v1.2.3")
    assert (done.returncode, done.stdout.split()) == (0, ["-", "a", "-", "b"])


@pytest.mark.parametrize(
    ("log", "tag", "says"),
    [
        ("## 1.2.3 (2026-12-01)\n", "v1.2.4", "is not the version of pyproject.toml"),
        ("## 1.2.3 (unreleased)\n", "v1.2.3", "no section '## 1.2.3' with its date"),
        ("## 1.2.33\n", "v1.2.3", "no section '## 1.2.3'"),
    ],
)
def test_a_tag_that_disagrees_is_no_release(tmp_path: Path, log: str, tag: str, says: str) -> None:
    done = notes(tmp_path, log, tag)
    assert (done.returncode, says in done.stderr) == (1, True)


def test_the_wheel_works_where_nothing_else_is(tmp_path: Path) -> None:
    """Builds in a copy: the checkout may be in use."""
    copy = tmp_path / "copy"
    for name in ("analyzer", "rules", "reports", "examples", ".ci", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_TARGET", "VIRTUAL_ENV", "MAPGUARD"))}
    done = subprocess.run(
        [copy / ".ci/wheel"], env={**own, "PYTHON": sys.executable}, capture_output=True, text=True, check=False, timeout=HANG
    )
    if "No matching distribution" in done.stderr or "ConnectionError" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"uvx and pipx run mapguard \d", done.stdout)


def test_python_versions_are_the_same_everywhere() -> None:
    classified = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    matrix = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["check"]["strategy"]["matrix"]["python"]
    assert classified == matrix == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_versions_agree() -> None:
    assert __version__ == PROJECT["version"]
    assert re.search(rf"^## {re.escape(__version__)}( |$)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert f"mapguard/mapguard@v{__version__}" in (ROOT / "docs/ci.md").read_text()


def test_the_image_takes_everything_that_the_wheel_is_built_from() -> None:
    copied = set(re.findall(r"^COPY (\S+) \1$", (ROOT / "Dockerfile").read_text(), re.M)) | {"pyproject.toml", "README.md", "LICENSE"}
    let_in = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
    assert copied == let_in
    assert "\nUSER 1000\n" in (ROOT / "Dockerfile").read_text()


def test_hadolint() -> None:
    assert linted("hadolint", "Dockerfile", cwd=ROOT) == ""
