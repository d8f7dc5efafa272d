"""Each kind of edit on text of each kind; with Go at hand, that gofmt has nothing to add."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fix.cases import CASES, Case, before, beside, field, imported, locked, variable
from fix.edited import GO, Build, edited, marked, unformatted
from fix.random_edits import KINDS, Drawer, drawn, unclean
from mapguard.fix import fields, imports
from mapguard.fix.edit import Edit, EditError, apply
from mapguard.fix.imports import Import
from mapguard.fix.shape import GoFile


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_edit(case: Case) -> None:
    assert edited(case.before, *case.builds) == case.after


@pytest.mark.go
@pytest.mark.skipif(GO is None, reason="needs gofmt")
def test_gofmt_has_nothing_to_add(tmp_path: Path) -> None:
    for number, case in enumerate(CASES):
        if case.clean:
            (tmp_path / f"{number:02}_before.go").write_text(marked(case.before)[0])
            (tmp_path / f"{number:02}_after.go").write_text(case.after)
    assert unformatted(sorted(tmp_path.iterdir())) == []


@pytest.mark.go
@pytest.mark.skipif(GO is None, reason="needs gofmt")
@pytest.mark.parametrize("where", ["fixtures", "standard library"])
def test_gofmt_has_nothing_to_add_at_random_places(tmp_path: Path, where: str) -> None:
    folder = FIXTURES if where == "fixtures" else _goroot() / "src"
    made = list(drawn(folder, 250, 1))
    assert {one.kind for one in made} == set(KINDS)
    assert unclean(made, tmp_path) == []


def _goroot() -> Path:
    return Path(subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())


FIXTURES = Path(__file__).parent.parent / "fixtures"


def drawn_in(source: bytes, kind: str, seed: int) -> bytes:
    """The text with the edit of this kind that the seed chooses; the reason where there is none."""
    try:
        return apply(source, KINDS[kind](Drawer(random.Random(seed), GoFile("a.go", source))))
    except (EditError, LookupError) as why:
        return str(why).encode()


def sources(count: int) -> Iterator[tuple[int, bytes]]:
    """Fixtures at random, each with a seed."""
    rng = random.Random(3)
    files = sorted(FIXTURES.rglob("*.go"))
    yield from ((rng.randrange(1000), rng.choice(files).read_bytes()) for _ in range(count))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"parameter"}))
def test_line_ends_make_no_difference(kind: str) -> None:
    for seed, source in sources(20):
        plain = drawn_in(source, kind, seed)
        assert drawn_in(source.replace(b"\n", b"\r\n"), kind, seed) == plain.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("kind", ["before", "around"])
def test_what_gofmt_never_saw_is_not_moved(kind: str) -> None:
    edited = 0
    for seed, source in sources(60):
        text = source.replace(b"\t", b"   ").replace(b" = ", b"  = ").replace(b"//", b"  //")
        after = drawn_in(text, kind, seed).splitlines()
        if len(after) == len(text.splitlines()) + 2:  # nothing that stood on one line is unfolded
            edited += 1
            added = (b"mu.Lock()", b"mu.Unlock()", b"defer mu.Unlock()")
            assert [x for x in after if x.strip() not in added] == [x for x in text.splitlines() if x.strip() not in added]
    assert edited > 20


@pytest.mark.parametrize(
    ("text", "build", "why"),
    [
        ("package p\n\nvar §x int\n", field("mu sync.Mutex"), "a.go:3: this is no field of a struct"),
        ("package p\n\nfunc §f() {}\n", locked(), "a.go:3: this is no statement of a function"),
        ("package p\n\nfunc §f(m map[int]int) {}\n", variable("mu sync.Mutex"), "a.go:3: no variable can be declared before this one"),
        (
            "package p\n\nfunc f() {\n\tswitch {\n\tcase §m[1] > 0:\n\t}\n}\n",
            locked(),
            "a.go:5: nothing can be put before a case",
        ),
        (
            "package p\n\nfunc f() {\n\tg(); §m[1]++\n}\n",
            before("mu.Lock()"),
            "a.go:4: what stands here shares its line with something else",
        ),
        (
            "package p\n\nfunc f() { g() /* x */; §m[1]++ }\n",
            before("mu.Lock()"),
            "a.go:3: a comment stands between what would have to be parted",
        ),
        ("package p\n\ntype T struct{ §m map[int]int }\n", beside("x"), "a.go:3: what stands here shares its line with something else"),
        (
            "package p\n\ntype T struct {\n\t§a, b Store\n}\n",
            lambda f, at: fields.pointer_field(f, at),
            "a.go:4: several fields share one type",
        ),
        (
            "package p\n\ntype T struct {\n\t§a *Store\n}\n",
            lambda f, at: fields.pointer_field(f, at),
            "a.go:4: the field holds a pointer already",
        ),
        (
            "package p\n\n§func f(a Store) {}\n",
            lambda f, at: fields.pointer_parameter(f, at, "b"),
            "a.go:3: no parameter b with a type of its own is declared here",
        ),
        ("§", imported("sync"), "a.go:1: the file has no package clause"),
        ('package p; import "fmt"\n§', imported("sync"), "a.go:1: the import does not stand on a line of its own"),
    ],
)
def test_what_cannot_be_edited_is_said(text: str, build: Build, why: str) -> None:
    with pytest.raises(EditError) as refused:
        edited(text, build)
    assert str(refused.value) == why


def test_changes_that_contradict_each_other() -> None:
    source = b"package p\n\nvar x = old\n"
    edits = [Edit("a.go", 19, 22, b"new"), Edit("a.go", 19, 22, b"other")]
    with pytest.raises(EditError, match=r"a.go: two changes overlap, one to 'new' and one to 'other'"):
        apply(source, edits)
    assert apply(source, edits[:1] * 2) == b"package p\n\nvar x = new\n"
    with pytest.raises(EditError, match="overlap"):
        apply(source, [edits[0], Edit("a.go", 21, 23, b"")])
    with pytest.raises(EditError, match="overlap"):
        apply(source, [Edit("a.go", 19, 19, b"x"), Edit("a.go", 19, 19, b"y")])
    with pytest.raises(EditError, match="outside the file"):
        apply(source, [Edit("a.go", 19, 99, b"x")])


@pytest.mark.parametrize(
    ("text", "path", "taken", "name", "wanted"),
    [
        ('package p\n\nimport "maps"\n', "maps", (), "maps", None),
        ('package p\n\nimport m "maps"\n', "maps", (), "m", None),
        ('package p\n\nimport _ "maps"\n', "maps", (), "maps", Import("maps")),
        ('package p\n\nimport "golang.org/x/exp/maps"\n', "maps", (), "stdmaps", Import("maps", "stdmaps")),
        ("package p\n", "maps", ("maps", "stdmaps"), "stdmaps2", Import("maps", "stdmaps2")),
        ("package p\n", "maps", (), "maps", Import("maps")),
        ("package p\n", "example.com/go-x/store/v2", (), "store", Import("example.com/go-x/store/v2")),
        ('package p\n\nimport "a.b/store"\n', "example.com/x/store", (), "xstore", Import("example.com/x/store", "xstore")),
    ],
)
def test_the_name_of_a_package(text: str, path: str, taken: tuple[str, ...], name: str, wanted: Import | None) -> None:
    assert imports.name_for(GoFile("a.go", text.encode()), path, taken) == (name, wanted)


def test_an_alias_is_written() -> None:
    text = 'package p\n\nimport (\n\t"golang.org/x/exp/maps"\n)\n'
    made = edited(text, lambda f, at: imports.change_imports(f, [Import("maps", "stdmaps")]))
    assert made == 'package p\n\nimport (\n\tstdmaps "maps"\n\n\t"golang.org/x/exp/maps"\n)\n'


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("if x {", True),
        ("for i := 0; i < n; i++ {", True),
        ("for range []int{1} {", True),
        ("if v, ok := m[T{1}]; ok {", True),
        ("switch x := y.(type) {", True),
        ("select {", True),
        ("go func() {", True),
        ("f := func(a int) (map[string]int, error) {", True),
        ("f := func() struct{ a int } {", True),
        ("f := func() func() {", True),
        ("{", True),
        ("x := T{", False),
        ("x := &pkg.T[int]{", False),
        ("x := []func() func(){", False),
        ("x := map[string]func(){", False),
        ("x := [...]struct{ a int }{", False),
        ("type T struct {", False),
        ("type I interface {", False),
        ("return []T{", False),
        ("f(T{", False),
    ],
)
def test_what_a_brace_opens(text: str, block: bool) -> None:
    file = GoFile("a.go", f"package p\n\nfunc f() {{\n\ta()\n\t{text}\n".encode())
    last = len(file.tokens) - 1
    assert file.tokens[last].text == b"{"
    assert file.is_block(last) is block
