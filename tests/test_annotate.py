"""mapguard annotate: which fields get a comment and where, and that git applies the diff to exactly what --write makes."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_repository import Repository
from mapguard.checks.guarded import GuardedField
from mapguard.cli.annotate import comments
from mapguard.cli.main import main
from mapguard.evidence.guard import declared_name
from mapguard.fix.diff import unified
from mapguard.fix.edit import apply
from mapguard.fix.shape import GoFile

MODULE = "module example.com/shop\n\ngo 1.22\n"

STORE = """package shop

import "sync"

type Store struct {
	mu    sync.Mutex
	items map[string]int
	sizes map[string]int `json:"sizes; // no comment"` // by name
	a, b  map[string]int
	wide  map[string]struct {
		n int
	}
	open  map[string]int // protected by mu
	loose map[string]int
}

func (s *Store) Put(k string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[k]++
	s.sizes[k] = len(k)
	s.a[k], s.b[k] = 1, 2
	s.wide[k] = struct{ n int }{1}
	s.open[k]++
}

func (s *Store) Get(k string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[k] + s.sizes[k] + s.a[k] + s.b[k] + s.wide[k].n + s.open[k] + s.loose[k]
}

func (s *Store) Loose(k string) { s.loose[k]++ }
"""

WANTED = (
    STORE.replace("items map[string]int", "items map[string]int // guarded by mu")
    .replace("// by name", "// by name; guarded by mu")
    .replace("a, b  map[string]int", "a, b  map[string]int // guarded by mu")
    .replace("\twide  map", "\t// guarded by mu\n\twide map")
)


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "shop", {"go.mod": MODULE, "store.go": STORE})


def annotate(root: Path, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[str, str]:
    """What is printed on standard output and standard error."""
    with pytest.raises(SystemExit) as stopped:
        main(["annotate", str(root), "--no-cache", "--jobs", "1", *args])
    assert stopped.value.code == 0
    out, err = capsys.readouterr()
    return out, err


def applied(shop: Repository, diff: str) -> None:
    patch = shop.root.parent / "change.diff"
    patch.write_text(diff, encoding="utf-8", newline="")
    shop.git("apply", "--whitespace=nowarn", str(patch))


def test_git_applies_the_diff(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    diff, said = annotate(shop.root, capsys)
    assert (shop.root / "store.go").read_text() == STORE
    applied(shop, diff)
    assert (shop.root / "store.go").read_text() == WANTED
    assert said == "5 fields to annotate; --write changes the files\n"


def test_write_makes_the_same(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert annotate(shop.root, capsys, "--write") == ("", "5 fields annotated\n")
    assert (shop.root / "store.go").read_text() == WANTED


def test_a_second_time_there_is_nothing_left(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    annotate(shop.root, capsys, "--write")
    assert annotate(shop.root, capsys, "--write") == ("", "0 fields annotated\n")
    assert (shop.root / "store.go").read_text() == WANTED


def test_what_was_declared_is_held_to(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    more = "\nfunc (s *Store) Size(k string) int { return s.sizes[k] }\n"
    annotate(shop.root, capsys, "--write")
    shop.write({"more.go": "package shop\n" + more})
    out = shop.root.parent / "report.json"
    with pytest.raises(SystemExit):
        main(["scan", str(shop.root), "--no-cache", "--rules", "map-guard-missed", "--format", "json", "--output", str(out)])
    (finding,) = [f for f in json.loads(out.read_text())["findings"] if f["map"]["name"] == "sizes"]
    assert "which its declaration names as its guard" in finding["message"]


def test_carriage_returns_and_a_missing_last_newline_survive(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    shop.commit({"store.go": STORE.replace("\n", "\r\n").removesuffix("\r\n"), ".gitattributes": "* -text\n"})
    diff, _ = annotate(shop.root, capsys)
    patch = shop.root.parent / "change.diff"
    patch.write_bytes(diff.encode())
    shop.git("apply", "--whitespace=nowarn", str(patch))
    assert (shop.root / "store.go").read_bytes() == WANTED.replace("\n", "\r\n").removesuffix("\r\n").encode()


@pytest.mark.parametrize("name", ["a b.go", "größe.go", 'quote".go', "sub dir/tab\t.go"])
def test_names_of_files(shop: Repository, capsys: pytest.CaptureFixture[str], name: str) -> None:
    shop.git("rm", "-q", "store.go")
    shop.commit({name: STORE})
    diff, _ = annotate(shop.root, capsys)
    applied(shop, diff)
    assert (shop.root / name).read_text() == WANTED


# ---------------------------------------------------------------- which lock, which fields

OTHERS = """package shop

import "sync"

var pkgMu sync.Mutex

type Server struct {
	sync.RWMutex
	table table
	names map[string]string
}

type table struct {
	open map[string]int
}

type Log struct{ lines map[string]int }

type Flat struct { mu sync.Mutex; m map[string]int }

type Reader struct {
	mu   sync.Mutex
	keys map[string]int
}

type Mutex struct{ sync.Mutex }

type Wrapped struct {
	lock  Mutex
	ready map[string]bool
}

type Lazy struct {
	once  sync.Once
	words map[string]int
}

func (w *Wrapped) Set(k string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.ready[k] = true
}

func (l *Lazy) Words(k string) int {
	l.once.Do(func() { l.words = map[string]int{"a": 1} })
	return l.words[k]
}

func (s *Server) Open(k string) {
	s.Lock()
	defer s.Unlock()
	s.table.open[k]++
	s.names[k] = k
}

func (l *Log) Add(k string) {
	pkgMu.Lock()
	defer pkgMu.Unlock()
	l.lines[k]++
}

func (f *Flat) Add(k string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.m[k]++
}

func (r *Reader) Has(k string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[k] > 0
}
"""


def test_the_lock_is_named_as_a_reader_there_would(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    shop.commit({"store.go": OTHERS})
    diff, _ = annotate(shop.root, capsys)
    added = [line[1:].strip() for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added == [
        "names map[string]string // guarded by RWMutex",
        "open map[string]int // guarded by Server.RWMutex",
        "ready map[string]bool // guarded by lock",
    ]


def test_a_lock_type_of_the_tree_is_held_to_as_well(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    missed = "\nfunc (w *Wrapped) Clear(k string) { w.ready[k] = false }\n"
    shop.commit({"store.go": OTHERS.replace("ready map[string]bool", "ready map[string]bool // guarded by lock") + missed})
    out = shop.root.parent / "report.json"
    with pytest.raises(SystemExit):
        main(["scan", str(shop.root), "--no-cache", "--quiet", "--format", "json", "--output", str(out)])
    (finding,) = [f for f in json.loads(out.read_text())["findings"] if f["map"]["name"] == "ready"]
    assert (finding["rule"], finding["guard"]["held"], finding["guard"]["missed"]) == ("map-guard-missed", 1, 1)


def test_generated_files_are_left_alone(shop: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    shop.commit({"store.go": "// Code generated by hand. DO NOT EDIT.\n\n" + STORE})
    assert annotate(shop.root, capsys)[0] == ""


def annotated(line: str, fields: list[GuardedField]) -> tuple[str, int]:
    """A line of a struct with the comments on these fields of it, which stand in its line 4, and how many fields they speak of."""
    before, after = b"package p\n\ntype T struct {\n", b"\n}\n"
    source = before + line.encode() + after
    edits, done = comments(GoFile("x.go", source), fields)
    return apply(source, edits).removeprefix(before).removesuffix(after).decode(), done


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("\tm map[string]int", "\tm map[string]int // guarded by mu"),
        ("\tm map[string]int // x", "\tm map[string]int // x; guarded by mu"),
        ("\tm map[string]int //nolint:unused", "\t// guarded by mu\n\tm map[string]int //nolint:unused"),
        ("\tm map[string]int /* x */", "\t// guarded by mu\n\tm map[string]int /* x */"),
        ('\tm map[string]int `k:"}{"`', '\tm map[string]int `k:"}{"` // guarded by mu'),
        ("\tm map[string]func(\n\t)", "\t// guarded by mu\n\tm map[string]func(\n\t)"),
        ("\t/* x */ m map[string]int", "\t/* x */ m map[string]int // guarded by mu"),
        ("    m map[string]int", "    m map[string]int // guarded by mu"),
        ("\tm map[string]int; n int", None),
        ("\tm, other map[string]int", None),
        ("\tin struct{ m map[string]int }", None),
    ],
)
def test_where_the_comment_stands(line: str, wanted: str | None) -> None:
    column = line.index("m map" if "m map" in line else "m,") + 1
    new, done = annotated(line, [GuardedField("x.go", 4, column, "m", "mu")])
    assert (new, done) == ((line, 0) if wanted is None else (wanted, 1))


def test_two_guards_on_one_line_are_left_alone() -> None:
    fields = [GuardedField("x.go", 4, 2, "a", "mu"), GuardedField("x.go", 4, 5, "b", "other")]
    assert annotated("\ta, b map[string]int", fields) == ("\ta, b map[string]int", 0)


def test_columns_are_set_as_gofmt_sets_them() -> None:
    fields = [GuardedField("x.go", 5, 2, "items", "mu")]
    text = "\tid    string // never changes\n\titems map[string]int\n\tlast  time.Time // of a write"
    wanted = "\tid    string         // never changes\n\titems map[string]int // guarded by mu\n\tlast  time.Time      // of a write"
    assert annotated(text, fields) == (wanted, 1)


@pytest.mark.parametrize("where", ["generated", "ignored", "read-only"])
def test_what_must_not_be_written_is_left_alone(shop: Repository, capsys: pytest.CaptureFixture[str], where: str) -> None:
    other = STORE.replace("Store", "Other")
    shop.commit({"other.go": f"// Code generated by hand. DO NOT EDIT.\n\n{other}" if where == "generated" else other})
    if where == "ignored":
        shop.git("rm", "-q", "--cached", "other.go")
        shop.write({".gitignore": "other.go\n"})
    if where == "read-only":
        (shop.root / "other.go").chmod(0o444)
    before = (shop.root / "other.go").read_text()
    _, said = annotate(shop.root, capsys, "--write", "--generated")
    assert (shop.root / "other.go").read_text() == before
    assert (shop.root / "store.go").read_text() == WANTED
    assert where.removesuffix("d") in said
    assert said.endswith("5 fields annotated\n")


@pytest.mark.parametrize(
    ("comment", "lock"),
    [
        ("guarded by mu", "mu"),
        ("Protected by s.mu.", "s.mu"),
        ("by id; guarded by the lock", "lock"),
        ("GUARDED_BY(mu)", "mu"),
        ("GuardedBy: mu", "mu"),
        ("+checklocks:mu", "mu"),
        ("guarded by `mu`", "mu"),
        ("guarded by &Server.mu", "Server.mu"),
        ("unguarded bytes", None),
        ("guards the map", None),
        ("guarded by", None),
    ],
)
def test_what_declares_a_guard(comment: str, lock: str | None) -> None:
    assert declared_name(comment) == lock


# ---------------------------------------------------------------- diffs

_LINES = st.lists(st.text(alphabet="ab \t\r\x0c\u2028-+@\\ö", max_size=4), max_size=8).map("\n".join)


@settings(max_examples=40)
@given(old=_LINES, new=_LINES)
def test_git_makes_the_new_text_of_the_old(tmp_path_factory: pytest.TempPathFactory, old: str, new: str) -> None:
    folder = tmp_path_factory.mktemp("diff")
    if old:
        (folder / "x y.go").write_bytes(old.encode())
    diff = unified("x y.go", old.encode() if old else None, new.encode())
    assert (diff == b"") == (old == new)
    if diff and new:
        (folder / "d").write_bytes(diff)
        Repository(folder).git("apply", "--whitespace=nowarn", "d")
        assert (folder / "x y.go").read_bytes() == new.encode()
