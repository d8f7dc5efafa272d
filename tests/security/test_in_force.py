"""What the scanned side can say to hide a finding is said in every report, with the number of findings that it hides."""

import json
from pathlib import Path

import pytest

import scanning
from git_repository import Repository
from mapguard.findings.model import InForce
from mapguard.report.inforce import sentences
from test_new_from_rev import FILES, SERVED

FORMATS = ("text", "json", "sarif", "html", "markdown", "github", "concise")
TREE: dict[str, str | bytes] = {
    "go.mod": "module example.com/m\n\nignore ./gen\n",
    "a.go": scanning.RACE,
    "a_test.go": "package p\n",
    "third/b.go": scanning.RACE,
    "third/c.go": scanning.RACE.replace("S ", "T ").replace("S)", "T)"),
    "x.pb.go": "package p\n",
    "gen/g.go": "package gen\n",
    "vendor/v/v.go": "package v\n",
    "sub/testdata/t.go": "package t\n",
    "_old/o.go": "package o\n",
    ".hidden/o.go": "package o\n",
    ".github/x": "",
}
SILENT = {
    'disable = ["concurrent-map-write"]': "disable = concurrent-map-write",
    'rules = ["map-guard-missed"]': "rules = map-guard-missed",
    'min-confidence = "high"': "min-confidence = high",
    'fail-on = "none"': "fail-on = none",
    'exclude = ["third/", "*.pb.go"]': "exclude = third/, *.pb.go",
    'tags = ["evil"]': "tags = evil",
    'goos = "plan9"': "goos = plan9",
    '[[path]]\nglob = "a.go"\ndisable = ["concurrent-map-write"]': "path = a.go: disable concurrent-map-write",
    '[[model]]\nname = "(*example.com/m.S).ServeHTTP"\nspawns = ["arg0"]': "model = 1 model",
}


def words(root: Path, name: str, *args: str) -> str:
    """All that a format says, without marks."""
    done = scanning.run("scan", ".", "--format", name, *args, cwd=root)
    assert done.code in (0, 1), done.err
    text = done.out + done.err
    for reference, char in (("&#45;", "-"), ("&#58;", ":"), ("&#61;", "="), ("&#95;", "_"), ("&#42;", "*"), ("&#8203;", "")):
        text = text.replace(reference, char)
    return " ".join(text.split())


@pytest.mark.parametrize("silent", SILENT)
def test_a_setting_is_named(tmp_path: Path, silent: str) -> None:
    scanning.tree(tmp_path, {**TREE, "mapguard.toml": f"version = 1\n{silent}\n"})
    assert f"Configuration: mapguard.toml; {SILENT[silent]}." in words(tmp_path, "text")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_it(tmp_path: Path, name: str) -> None:
    scanning.tree(tmp_path, {**TREE, "mapguard.toml": 'version = 1\ndisable = ["concurrent-map-write"]\nexclude = ["third/c.go"]\n'})
    if name == "json":
        assert json.loads(scanning.run("scan", ".", "--format", "json", cwd=tmp_path).out)["in_force"] == {
            "configuration": "mapguard.toml",
            "settings": {"disable": "concurrent-map-write", "exclude": "third/c.go"},
            "left_out": {"excluded": 1, "hidden": 3, "ignored": 1, "testdata": 1, "tests": 1, "vendor": 1},
            "not_shown": {"settings": 2},
        }
        return
    said = words(tmp_path, name)
    assert "Configuration: mapguard.toml; disable = concurrent-map-write; exclude = third/c.go." in said
    assert "Left out: 1 excluded file or folder, 3 files and folders that begin with _ or ., 1 file that a go.mod ignores, " in said
    assert "1 testdata folder, 1 test file, 1 vendor folder." in said
    assert "Not shown: 2 findings because of these settings." in said


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_at_the_top(tmp_path: Path, name: str) -> None:
    scanning.tree(tmp_path, {**TREE, "mapguard.toml": 'version = 1\nfail-on = "none"\n'})
    said = words(tmp_path, name)
    assert said.index("fail-on = none") < said.index("<details" if name == "markdown" else 'id="findings"')


def test_a_revision_hides_what_was_there_before(tmp_path: Path) -> None:
    shop = Repository.made(tmp_path / "shop", FILES)
    shop.commit({"setup.go": SERVED, "mapguard.toml": 'version = 1\nnew-from-rev = "HEAD~1"\n'})
    said = words(shop.root, "text")
    assert "Configuration: mapguard.toml; new-from-rev = HEAD~1." in said
    assert "Not shown: 1 finding that nothing changed since that revision touches." in said


def test_the_command_line_is_named_too(tmp_path: Path) -> None:
    scanning.tree(tmp_path, TREE)
    assert "Configuration: the command line; disable = concurrent-map-write." in words(
        tmp_path, "text", "--disable", "concurrent-map-write"
    )


def test_what_was_asked_for_by_name_is_not_left_out(tmp_path: Path) -> None:
    scanning.tree(tmp_path, TREE)
    done = scanning.run("scan", "sub/testdata", "--format", "json", cwd=tmp_path)
    assert "testdata" not in json.loads(done.out)["in_force"]["left_out"]


def test_nothing_said_nothing_left_out() -> None:
    assert sentences(InForce()) == []
    assert sentences(InForce("mapguard.toml")) == ["Configuration: mapguard.toml; it changes nothing."]
