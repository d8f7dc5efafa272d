"""The configuration file: what it can say, how it meets the command line, and the line and the name in every complaint."""

from pathlib import Path

import pytest

from mapguard.base.errors import UsageError
from mapguard.cli import configfile, settings
from mapguard.cli.inline_models import model_files, written
from mapguard.cli.settings import Loaded, Settings
from mapguard.findings.model import Confidence
from mapguard.findings.select import PathRule
from mapguard.models.entries import FunctionModel, TypeModel
from mapguard.models.load import decode

FULL = """
version = 1
fail-on = "error"
min-confidence = "high"
rules = ["map-guard-missed", "map-guard-copied"]
disable = ["map-guard-copied"]
tests = true
generated = true
tags = ["b", "a"]
goos = "windows"
goarch = "arm64"
exclude = ["gen/"]
models = ["models/ours.toml"]
baseline = "base.json"
new-from-rev = "origin/main"
strict = true

[[path]]
glob = ["legacy/**", "old/**"]
disable = ["map-guard-missed"]
min-confidence = "low"

[[path]]
glob = "x.go"

[[model]]
name = "example.com/x.Go"
spawns = ["arg0"]
"""


def test_every_key() -> None:
    found = configfile.parse(FULL, "mapguard.toml")
    assert found.fail_on == "error"
    wanted = settings.selection(found)
    assert wanted.least == Confidence.HIGH
    assert wanted.paths == (PathRule(("legacy/**", "old/**"), ("map-guard-missed",), Confidence.LOW), PathRule(("x.go",)))
    options = settings.options(
        found, (Path("p"),), (Path("m.toml"),), jobs=3, cache=False, cache_dir=None, timeout=5, max_memory=None, debug=True
    )
    assert (options.tests, options.generated, options.tags, options.goos, options.goarch) == (True, True, ("a", "b"), "windows", "arm64")
    assert (options.exclude, options.models, options.jobs, options.cache) == (("gen/",), (Path("m.toml"),), 3, False)
    assert (options.timeout, options.max_memory) == (5, None)


def test_the_documentation_names_every_key_and_its_example_is_right() -> None:
    page = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text("utf-8")
    for kind in (Settings, settings.PathSettings):
        for name in kind.__struct_encode_fields__:
            assert f"`{name}`" in page, name
    example = page.split("```toml\n")[1].split("```")[0]
    found = configfile.parse(example, "mapguard.toml")
    assert decode("x", written(list(found.model))).function[0].spawns == ("arg0",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = 1\n\nfail_on = 'error'", "c.toml:3: unknown key fail_on (did you mean fail-on?)"),
        ("version = 1\nminconfidence = 'low'", "c.toml:2: unknown key minconfidence (did you mean min-confidence?)"),
        (
            "version = 1\n[[path]]\nglob = 'a'\n[[path]]\nglob = 'b'\nglobe = 'c'",
            "c.toml:6: unknown key path[1].globe (did you mean glob?)",
        ),
        ("version = 1\ncache-dir = '/tmp'", "c.toml:2: cache-dir belongs on the command line, not in the file"),
        ("version = 1\nfail-on = 'eror'", "c.toml:2: fail-on: Invalid enum value 'eror'"),
        ("version = 1\ntests = 'yes'", "c.toml:2: tests: Expected `bool`, got `str`"),
        ("version = 1\ndisable = 'x'", "c.toml:2: disable: Expected `array`, got `str`"),
        ("version = 1\n[[path]]\ndisable = []", "c.toml:2: path[0]: Object missing required field `glob`"),
        (
            "version = 1\ndisable = [\n 'map-gard-missed',\n]",
            "c.toml:2: disable: no such rule: map-gard-missed (did you mean map-guard-missed?)",
        ),
        ("version = 1\n[[path]]\nglob = 'a'\ndisable = ['zzz']", "c.toml:4: path[0].disable: no such rule: zzz; mapguard rules lists them"),
        ("version = 2", "c.toml:1: version: Invalid enum value 2"),
        ("tests = true", "c.toml: version = 1 is missing"),
        ("version = 1\ntests = maybe", "c.toml: Invalid value (at line 2, column 9)"),
        ("version = 1\npath = 3", "c.toml:2: path: Expected `array`, got `int`"),
    ],
)
def test_mistakes_are_said_with_their_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        configfile.parse(text, "c.toml")
    assert str(error.value) == message


def test_an_unknown_key_without_a_near_one_lists_what_is_known() -> None:
    with pytest.raises(UsageError, match=r"unknown key zzzzzz; known are version, paths, fail-on, "):
        configfile.parse("version = 1\nzzzzzz = 1", "c.toml")


def test_the_command_line_replaces_values_and_adds_to_lists() -> None:
    file = configfile.parse(FULL, "c.toml")
    both = settings.given(
        file, {"fail_on": "none", "tests": False, "exclude": ("x/",), "disable": ("map-guard-missed",), "goos": None, "rules": ()}
    )
    assert (both.fail_on, both.tests, both.goos, both.rules) == ("none", False, "windows", ())
    assert (both.exclude, both.disable) == (("gen/", "x/"), ("map-guard-copied", "map-guard-missed"))


# ---------------------------------------------------------------- finding and reading the file


@pytest.mark.parametrize("name", configfile.NAMES)
def test_the_file_at_the_root_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version = 1\ngoos = 'plan9'")
    assert configfile.load(tmp_path, None).settings.goos == "plan9"
    assert configfile.load(tmp_path, None, ignore=True).settings.goos == "linux"


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert configfile.load(tmp_path, None) == Loaded(Settings(), tmp_path)


def test_two_files_are_one_too_many(tmp_path: Path) -> None:
    for name in configfile.NAMES:
        (tmp_path / name).write_text("version = 1")
    with pytest.raises(UsageError, match="two configuration files"):
        configfile.load(tmp_path, None)


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("version = 1")
    root = tmp_path / "root"
    root.mkdir()
    (root / "mapguard.toml").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="leads out of the repository"):
        configfile.load(root, None)


@pytest.mark.parametrize(("data", "message"), [(b"\xff", "not UTF-8"), (b"#" * 1_000_001, "too large"), (b"a = " + b"[" * 5000, "c.toml")])
def test_bytes_that_are_no_configuration(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=message):
        configfile.load(tmp_path, file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the configuration"):
        configfile.load(tmp_path, tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["../x.toml", "/etc/passwd", "a/../../x.toml"])
def test_names_in_the_file_stay_below_its_folder(tmp_path: Path, name: str) -> None:
    loaded = Loaded(Settings(models=(name,)), tmp_path)
    with pytest.raises(UsageError, match="not below the folder"), model_files(loaded, ()):
        pass


# ---------------------------------------------------------------- inline models


def test_inline_models_become_a_file_for_the_run(tmp_path: Path) -> None:
    loaded = Loaded(configfile.parse(FULL, "c.toml"), tmp_path, tmp_path / "c.toml")
    with model_files(loaded, (Path("more.toml"),)) as files:
        assert files[0] == tmp_path.resolve() / "models" / "ours.toml"
        assert files[2] == Path("more.toml")
        assert decode("x", files[1].read_text("utf-8")).function == (FunctionModel(name="example.com/x.Go", spawns=("arg0",)),)
    assert not files[1].exists()


def test_tables_of_a_model_file() -> None:
    function = '[[model.function]]\nname = "a\\"\\u0001\\n.F"\nmany = true\nroot = [{ arg = "arg0", kind = "http" }]'
    text = f'{function}\n[[model.type]]\nname = "b.T"\nis = "mutex"'
    found = configfile.parse(f"version = 1\n{text}", "c.toml")
    assert isinstance(found.model, dict)
    file = decode("x", written([found.model]))
    assert (file.function[0].name, file.function[0].many, file.function[0].root[0].kind) == ('a"\x01\n.F', True, "http")
    assert file.type == (TypeModel(name="b.T", kind="mutex"),)


def test_a_wrong_inline_model_names_the_configuration(tmp_path: Path) -> None:
    loaded = Loaded(configfile.parse("version = 1\n[[model]]\nname = 'a.F'\nspawn = ['arg0']", "c.toml"), tmp_path, tmp_path / "c.toml")
    with pytest.raises(UsageError, match=r"^c\.toml: model: .*spawn") as error, model_files(loaded, ()) as files:
        decode(str(files[0]), files[0].read_text("utf-8"))
    assert "/" not in str(error.value)


@pytest.mark.parametrize("text", ["exclude = [GLOBS]", "[[path]]\nglob = [GLOBS]"])
def test_too_many_globs_are_refused(text: str) -> None:
    many = ", ".join(f'"a{n}"' for n in range(1001))
    with pytest.raises(UsageError, match=r"more than 1000 globs"):
        configfile.parse(f"version = 1\n{text.replace('GLOBS', many)}\n", "mapguard.toml")
