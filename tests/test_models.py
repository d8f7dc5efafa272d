"""Model files: what the loader accepts, rejects and finds, and that the shipped files keep their own rules."""

import cProfile
import pstats
import re
from pathlib import Path

import pytest

from mapguard.base.data import data_dir
from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.facts.model import FileFacts
from mapguard.facts.syntax import TInterface, TStruct
from mapguard.frontend.cache import Cache
from mapguard.frontend.extract import extract
from mapguard.frontend.tree import SourceFile
from mapguard.models.entries import canonical, comparable_type, qualified
from mapguard.models.load import Declaration, Models, Source, decode, load, read
from mapguard.program.names import show_type


def made(*texts: str, user: str = "") -> Models:
    sources = [Source(f"{i}.toml", 0, decode(f"{i}.toml", text)) for i, text in enumerate(texts)]
    return Models([*sources, Source("mine.toml", 1, decode("mine.toml", user))])


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("github.com/labstack/echo/v4", "github.com/labstack/echo"),
        ("(*github.com/labstack/echo/v4.Echo).Use", "(*github.com/labstack/echo.Echo).Use"),
        ("(*github.com/gogf/gf/v2/net/ghttp.Request).Get", "(*github.com/gogf/gf/net/ghttp.Request).Get"),
        ("gopkg.in/yaml.v3.Marshal", "gopkg.in/yaml.Marshal"),
        ("map[string]github.com/a/b/v12.T", "map[string]github.com/a/b.T"),
        ("k8s.io/api/core/v1.Pod", "k8s.io/api/core/v1.Pod"),
        ("k8s.io/api/apps/v1beta1.Deployment", "k8s.io/api/apps/v1beta1.Deployment"),
        ("example.com/v8engine.Run", "example.com/v8engine.Run"),
    ],
)
def test_canonical_drops_major_versions_only(name: str, plain: str) -> None:
    assert canonical(name) == plain


def test_types_are_compared_as_the_analysis_shows_them() -> None:
    assert comparable_type("chan<- a/v2.T") == "chan a.T"
    assert comparable_type("<-chan a.T") == "chan a.T"
    assert comparable_type("...interface{}") == "[]any"


def test_short_names_join_with_every_package() -> None:
    assert qualified("a/b", "(*T).M") == "(*a/b.T).M"
    assert qualified("a/b", "(T).M") == "(a/b.T).M"
    loaded = made('[[function]]\npackages = ["a", "b"]\nnames = ["(*T).M", "F"]\nnoreturn = true')
    assert [n for n in ("(*a.T).M", "a.F", "(*b.T).M", "b.F", "c.F") if loaded.function(n) is not None] == [
        "(*a.T).M",
        "a.F",
        "(*b.T).M",
        "b.F",
    ]


# ---------------------------------------------------------------- look-ups


def test_a_function_is_found_whatever_its_version_and_receiver() -> None:
    loaded = made('[[function]]\nnames = ["(*a.T).M", "(a.V).N"]\njoins = true')
    assert loaded.function("(*a/v7.T).M") is not None
    assert loaded.function("(a.T).M") is not None
    assert loaded.function("(*a.V).N") is not None
    assert loaded.function("(*a.T).N") is None


def test_a_method_by_name_alone_answers_last() -> None:
    loaded = made('[[function]]\nname = "(?).Go"\nspawns = ["args"]\n[[function]]\nname = "(*a.T).Go"\ncalls = ["arg0"]')
    known, other = loaded.function("(*a.T).Go"), loaded.function("(*b.U).Go")
    assert known is not None and known.calls == ("arg0",)
    assert other is not None and other.spawns == ("args",)
    assert loaded.function("b.Go") is None


def test_the_longest_registration_pattern_speaks() -> None:
    loaded = made(
        """
        registration = [
          { pattern = "Register*", arg = "arg0", kind = "rpc" },
          { pattern = "Register*Server", arg = "arg1", kind = "grpc" },
          { pattern = "*/connect.Add*", arg = "arg2", kind = "http" },
        ]"""
    )
    assert [getattr(loaded.registration(n), "arg", None) for n in ("a.RegisterXServer", "RegisterX", "b/connect.AddX", "b/other.AddX")] == [
        "arg1",
        "arg0",
        "arg2",
        None,
    ]


def test_results_make_a_contract_narrower() -> None:
    loaded = made(
        """
        method = [
          { name = "Open", params = ["string"], results = ["d.Conn", "error"], kind = "callback" },
          { name = "Run", kind = "timer", many = false },
          { name = "Run", params = ["a.Event"], kind = "callback" },
        ]
        signature = [{ params = ["a.X"], results = ["error"], kind = "rpc" }, { params = ["a.X"], kind = "http" }]"""
    )
    assert loaded.contract("Open", ("string",), ("os.File", "error")) is None
    assert "Open" not in loaded.methods
    opened = loaded.contract("Open", ("string",), ("d.Conn", "error"))
    exact, general = loaded.contract("Run", ("a.Event",), ()), loaded.contract("Run", (), ())
    assert [getattr(m, "kind", None) for m in (opened, exact, general)] == ["callback", "callback", "timer"]
    kinds = [s.kind for s in (loaded.signature(("a.X",), ("error",)), loaded.signature(("a.X",), ())) if s is not None]
    assert kinds == ["rpc", "http"]


def test_declarations_know_their_package_name() -> None:
    loaded = made('[[package]]\npaths = ["a/v2", "gopkg.in/b.v3", "c/go-d"]\ngo = ""\n[[package]]\npath = "e/f.g"\nname = "h"\ngo = ""')
    assert {d.path: d.name for d in loaded.declarations.values()} == {"a/v2": "a", "gopkg.in/b.v3": "b", "c/go-d": "d", "e/f.g": "h"}


# ---------------------------------------------------------------- what is rejected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[[function]]\nname = "a.F"\naquires = "read"',
            r"unknown key 'aquires' \(did you mean 'acquires'\?\), in \[\[function\]\] number 1 \(a.F\)",
        ),
        (
            '[[function]]\nname = "a.F"\nroot = [{ arg = "arg0", kind = "http", one = 1 }]',
            r"unknown key 'one', in \[\[function\]\] number 1 \(a.F\)",
        ),
        ('[[fnction]]\nname = "a.F"', r"unknown key 'fnction' \(did you mean 'function'\?\)"),
        ('[[function]]\nname = "a.F"\nacquires = "both"', r"Invalid enum value 'both'.*\(a.F\)"),
        ('[[function]]\nname = "a.F"\nspawns = ["argument0"]', r"model of a.F: 'argument0' is no argument"),
        ('[[function]]\nname = "a.F"\nreturns = "new"', r"model of a.F: 'new' is no argument"),
        ('[[function]]\nname = "a.F"\nroot = [{ arg = "first", kind = "http" }]', r"model of a.F: 'first' is no argument"),
        ('[[registration]]\npattern = "R*"\narg = "impl"\nkind = "grpc"', r"functions named R\*: 'impl' is no argument"),
        ('[[signature]]\nparams = ["a.T"]\nkind = "htpp"', r"Invalid enum value 'htpp'.*\[\[signature\]\] number 1"),
        ("[[function]]\nnoreturn = true", "a function without a name"),
        ('[[function]]\nname = "a.F"\n[[function]]\nname = "a.F"', "the function a.F is modelled twice"),
        ('[[function]]\nname = "a/v2.F"\n[[function]]\nname = "a/v3.F"', "the function a.F is modelled twice"),
        ('[[package]]\npath = "e/f.g.h"\nname = "f g"\ngo = ""', "the package e/f.g.h needs its name"),
        ("[[function]\n", r"x.toml: .*line 1"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        load((file,))
    assert "x.toml" in str(caught.value)


def test_unreadable_files_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml"):
        load((tmp_path / "absent.toml",))
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        load((tmp_path / "latin.toml",))


def test_shipped_files_may_not_contradict_each_other() -> None:
    with pytest.raises(UsageError, match=r"1.toml: the function a.F is modelled in 0.toml as well"):
        made('[[function]]\nname = "a.F"', '[[function]]\nname = "a.F"')


def test_the_user_replaces_what_is_shipped() -> None:
    shipped = """
        method = [{ name = "M", params = ["a.T"], kind = "http" }]
        registration = [{ pattern = "R*", arg = "arg0", kind = "grpc" }]
        [[function]]
        names = ["a.F", "a.G"]
        spawns = ["arg0"]"""
    user = """
        method = [{ name = "M", params = ["a.T"], kind = "timer", many = false }]
        registration = [{ pattern = "R*", arg = "arg1", kind = "grpc" }]
        [[function]]
        name = "a.F"
        calls = ["arg0"]"""
    loaded = made(shipped, user=user)
    f, g, r = loaded.function("a.F"), loaded.function("a.G"), loaded.registration("RX")
    assert f is not None and (f.spawns, f.calls) == ((), ("arg0",))
    assert g is not None and g.spawns == ("arg0",)
    assert r is not None and r.arg == "arg1"
    assert [m.kind for m in loaded.methods["M"]] == ["timer"]


# ---------------------------------------------------------------- the shipped files


def shipped() -> list[Path]:
    return sorted((data_dir("rules") / "models").glob("*.toml"))


def parsed(one: Declaration) -> FileFacts:
    source = f"package {one.name}\n{one.go}".encode()
    facts, gaps = extract(
        [(SourceFile("m.go", Path("m.go"), len(source), one.path, "types", False), source)], Options(cache=False), Cache(None)
    )
    assert not gaps and not facts[0].gaps, f"{one.path}: {gaps or facts[0].gaps}"
    return facts[0]


def test_the_shipped_declarations_are_go() -> None:
    for one in load().declarations.values():
        named = set(re.findall(r"^type (\w+)", one.go, re.MULTILINE))
        assert named == {t.name for t in parsed(one).types}, one.path


def test_fields_that_are_entry_points_are_declared() -> None:
    """A field is seen in a composite literal only when its struct is known."""
    structs = {(canonical(d.path), t.name): t.type for d in load().declarations.values() for t in parsed(d).types}
    for file in shipped():
        for entry in read(file, 0).file.field:
            package, _, name = entry.type.rpartition(".")
            struct = structs[(package, name)]
            assert isinstance(struct, TStruct) and set(entry.names) <= {f.name for f in struct.fields}, f"{file.name}: {entry.type}"


def test_modelled_methods_of_declared_types_are_declared() -> None:
    """A method that a declared type leaves out is taken for one of an unknown type, and its model is lost."""
    types: set[str] = set()
    methods: set[tuple[str, str]] = set()
    for one in load().declarations.values():
        facts = parsed(one)
        for t in facts.types:
            types.add(f"{canonical(one.path)}.{t.name}")
            methods.update(
                (f"{canonical(one.path)}.{t.name}", name) for name, _ in (t.type.methods if isinstance(t.type, TInterface) else ())
            )
        for f in facts.funcs:
            receiver = re.match(r"\*?(\w+)", show_type(f.recv.type) if f.recv is not None else "")
            methods.update({(f"{canonical(one.path)}.{receiver[1]}", f.name)} if receiver else ())
    names = (name for file in shipped() for function in read(file, 0).file.function for name in function.full_names())
    modelled = {(m[1], m[2]) for name in names if (m := re.fullmatch(r"\(\*?(.+)\)\.(\w+)", name)) is not None and m[1] in types}
    assert sorted(modelled - methods) == []


def test_loading_is_cheap() -> None:
    """It happens at every run; its work is counted in function calls, of which today's data needs 85,000 (some 12 ms)."""
    profile = cProfile.Profile()
    profile.enable()
    load()
    profile.disable()
    assert pstats.Stats(profile).total_calls < 170_000  # type: ignore[attr-defined]
