"""What the field's own linters say of the action, the workflows, the shell and the examples of docs/ci.md."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs/ci.md").read_text()
USES = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>\S+) # (?P<version>\S+)$", re.M)


def examples() -> list[str]:
    """The YAML blocks of docs/ci.md, with a commit for the tag of our release, as the linters want it."""
    pinned = f"mapguard/mapguard@{'0' * 40} # v0.1.0"
    return [block.replace("mapguard/mapguard@v0.1.0", pinned) for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)]


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with our action, our workflows and the one of docs/ci.md."""
    root = tmp_path_factory.mktemp("linted")
    shutil.copytree(ROOT / ".github", root / ".github")
    shutil.copy(ROOT / "action.yml", root)
    (root / ".github/workflows/example.yml").write_text(examples()[0])
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def linted(program: str, *args: str, cwd: Path) -> str:
    """What a linter prints about ``cwd`` when it is not content; "" when it is."""
    here = Path(sys.executable).parent / program
    found = str(here) if here.exists() else shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *args], cwd=cwd, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_actionlint(workflows: Path) -> None:
    assert linted("actionlint", cwd=workflows) == ""


def test_zizmor(workflows: Path) -> None:
    assert linted("zizmor", "--offline", "--quiet", "--persona=pedantic", ".", cwd=workflows) == ""


def test_shellcheck() -> None:
    scripts = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "action").glob("*.sh"))
    assert scripts
    assert linted("shellcheck", *scripts, ".ci/run", ".ci/wheel", ".ci/notes", cwd=ROOT) == ""


def test_the_linters_would_complain(workflows: Path, tmp_path: Path) -> None:
    bad = tmp_path / ".github/workflows/bad.yml"
    bad.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    run = "echo ${{ github.event.pull_request.title }}"
    bad.write_text(
        f"on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {run}\n      - uses: actions/cache@v5\n"
    )
    assert "template-injection" in linted("zizmor", "--offline", "--quiet", ".", cwd=tmp_path)
    assert "untrusted" in linted("actionlint", cwd=tmp_path)


def test_no_expression_is_put_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_action_of_others_is_pinned_to_one_commit() -> None:
    files = (ROOT / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml")))
    texts = [*(p.read_text() for p in files), *examples()]
    commits: dict[str, set[tuple[str, str]]] = {}
    for m in (m for text in texts for m in USES.finditer(text)):
        if m["action"] != "mapguard/mapguard":
            assert re.fullmatch(r"[0-9a-f]{40}", m["commit"]), m[0]
            repository = "/".join(m["action"].split("/")[:2])
            commits.setdefault(repository, set()).add((m["commit"], m["version"]))
    assert len(commits) >= 5
    assert {name: len(pins) for name, pins in commits.items()} == dict.fromkeys(commits, 1)
    pinned = sum(len(USES.findall(text)) for text in texts)
    assert pinned == sum(len(re.findall(r"^ *(?:- )?uses: (?!\./)", text, re.M)) for text in texts)


def test_every_input_is_used_described_and_documented() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    rows = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.M))
    assert used == set(ACTION["inputs"]) == rows
    assert all(spec["description"] for spec in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))
    assert all(f"`{name}`" in PAGE for name in ACTION["outputs"])


def test_the_example_uses_inputs_that_exist() -> None:
    steps: list[dict[str, Any]] = yaml.safe_load(examples()[0])["jobs"]["mapguard"]["steps"]
    assert set(steps[-1]["with"]) <= set(ACTION["inputs"])
