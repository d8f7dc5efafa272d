"""``mapguard init``: what it writes is right, says what holds, and nothing that was there is changed."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from git_repository import Repository
from mapguard import __version__
from mapguard.cli import configfile
from mapguard.cli.settings import Settings
from scanning import RACE, run, tree

ROOT = Path(__file__).parent.parent
TEMPLATE = (ROOT / "reports/templates/init/mapguard.toml").read_text("utf-8")
MOD = "module m\n\ngo 1.22\n"


def test_the_settings_that_are_commented_out_are_the_defaults() -> None:
    assert configfile.parse(TEMPLATE, "mapguard.toml") == Settings()
    keys = re.sub(r"^# (\w[\w-]* = .*)$", r"\1", TEMPLATE.partition("#\n# [[model]]")[0], flags=re.M)
    assert configfile.parse(keys, "mapguard.toml") == Settings()
    named = set(re.findall(r"^#? ?(\w[\w-]*) = ", keys, re.M)) | set(re.findall(r"^# \[\[(\w+)\]\]", TEMPLATE, re.M))
    assert named == {field.encode_name for field in msgspec.structs.fields(Settings)}


def test_the_tables_that_are_commented_out_are_right() -> None:
    tables = TEMPLATE.partition("#\n# [[model]]")[2]
    settings = configfile.parse("version = 1\n[[model]]" + re.sub(r"^# ?(?=\[|\w+[\w-]* = )", "", tables, flags=re.M), "mapguard.toml")
    assert len(settings.path) == len(settings.model) == 1


def test_the_workflow_is_the_one_of_the_documentation(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE})
    assert run("init", "--workflow", cwd=tmp_path).code == 0
    example = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/ci.md").read_text(), re.M | re.S)[0]
    assert (tmp_path / ".github/workflows/mapguard.yml").read_text() == example
    assert f"mapguard/mapguard@v{__version__}" in example


def test_from_findings_to_a_clean_scan(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE})
    assert run("scan", cwd=tmp_path).code == 1
    done = run("init", cwd=tmp_path)
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            "written: mapguard.toml",
            "written: mapguard-baseline.json",
            "1 finding recorded: mapguard baseline show lists them, and only new ones count from now on",
        ],
    )
    assert run("config", "verify", cwd=tmp_path).code == 0
    assert run("scan", cwd=tmp_path).code == 0
    tree(tmp_path, {"new.go": RACE.replace("S", "T").replace("hits", "seen").replace("TerveHTTP", "ServeHTTP")})
    found = json.loads(run("scan", "-f", "json", cwd=tmp_path).out)["findings"]
    assert [f["map"]["name"] for f in found] == ["seen"]


def test_no_baseline_where_there_is_nothing_to_record(tmp_path: Path) -> None:
    tree(tmp_path, {"go.mod": MOD, "a.go": "package p\n"})
    assert run("init", cwd=tmp_path).out.splitlines() == ["written: mapguard.toml"]
    assert not (tmp_path / "mapguard-baseline.json").exists()
    assert 'baseline = ""' in (tmp_path / "mapguard.toml").read_text()


def test_what_is_there_stays(tmp_path: Path) -> None:
    mine = "version = 1\nfail-on = 'error'\n"
    tree(tmp_path, {"go.mod": MOD, "race.go": RACE, ".mapguard.toml": mine, ".github/workflows/mapguard.yml": "mine\n"})
    done = run("init", cwd=tmp_path)
    assert (done.code, done.out.splitlines()) == (0, ["left as it is: .github/workflows/mapguard.yml"])
    assert (tmp_path / ".mapguard.toml").read_text() == mine
    assert (tmp_path / ".github/workflows/mapguard.yml").read_text() == "mine\n"
    assert not (tmp_path / "mapguard.toml").exists()


def test_it_writes_at_the_root_and_a_workflow_where_github_is(tmp_path: Path) -> None:
    repository = Repository.made(tmp_path / "r", {"go.mod": MOD, "race.go": RACE, "sub/x.go": "package sub\n"})
    assert run("init", "--no-baseline", cwd=repository.root / "sub").out.splitlines() == ["written: mapguard.toml"]
    repository.git("remote", "add", "origin", "git@github.com:o/r.git")
    assert "written: .github/workflows/mapguard.yml" in run("init", cwd=repository.root).out
    assert not (repository.root / "mapguard-baseline.json").exists()


@pytest.mark.parametrize("link", [".github", "mapguard.toml"])
def test_no_link_leads_out(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / "workflows").mkdir(parents=True)
    tree(tmp_path / "r", {"go.mod": MOD, "race.go": RACE})
    (tmp_path / "r" / link).symlink_to(outside if link == ".github" else outside / "new.toml")
    done = run("init", "--workflow", cwd=tmp_path / "r")
    assert (done.code, "leads out of" in done.err) == (2, True)
    assert [p.name for p in outside.rglob("*")] == ["workflows"]
