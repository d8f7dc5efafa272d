"""Files to facts and facts to bytes: nothing is lost on the way, whatever the order, the cache or the processes."""

import contextlib
import functools
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.facts import syntax as s
from mapguard.facts.codec import decode, encode
from mapguard.facts.model import FileFacts, FuncFacts, GlobalVar, Import, Param, TypeDecl
from mapguard.frontend import extract as module
from mapguard.frontend.cache import Cache
from mapguard.frontend.discover import discover
from mapguard.frontend.extract import Loaded, extract, facts_key
from mapguard.frontend.tree import SourceFile
from mapguard.frontend.workers import workers

FIXTURES = Path(__file__).parent / "fixtures"

# ---------------------------------------------------------------- the codec


@given(st.integers(0, 2**63 - 1), st.text(max_size=8), st.lists(st.text(max_size=3), max_size=3))
def test_every_node_survives(at: int, text: str, words: list[str]) -> None:
    """One of each class of syntax, with each other inside."""
    name = s.Name(text, at)
    kinds: list[s.Type] = [s.TName(text, text), s.TUnknown()]
    kinds += [s.TPtr(kinds[0]), s.TSlice(kinds[1], True), s.TMap(kinds[0], kinds[1]), s.TChan(kinds[0])]
    method = s.TFunc((kinds[2],), (kinds[3],), True)
    kinds += [
        method,
        s.TStruct((s.Field(text, kinds[4], True, at, text),)),
        s.TInterface(((text, method),), (kinds[5],)),
        s.TTuple(tuple(kinds)),
    ]
    call = s.Call(name, (name,), at, at, True)
    exprs: list[s.Expr] = [
        name,
        call,
        s.Lit("int", text),
        s.FuncLit(at, at),
        s.Opaque(),
        s.Unary("&", name, at, at),
        s.Binary("+", name, call),
    ]
    exprs += [s.Sel(x, text, at, at) for x in list(exprs)] + [s.Index(name, tuple(exprs), at, at), s.SliceOf(name, tuple(exprs))]
    exprs += [s.Composite(k, ((None, name), (call, name)), at, at) for k in kinds] + [s.Assert(name, k) for k in kinds]
    exprs += [s.TypeExpr(k) for k in kinds]
    every = tuple(exprs)
    body: list[s.Stmt] = [s.ExprStmt(x) for x in exprs]
    body += [s.Assign(every, ":=", every, at), s.VarStmt(tuple(words), None, every, at), s.VarStmt(tuple(words), kinds[0], (), at)]
    body += [s.GoStmt(call, at, at), s.DeferStmt(call, at), s.Return(every, at), s.Send(name, call, at), s.Branch("goto", text)]
    inner = tuple(body)
    body += [s.If(None, name, inner, (), at), s.If(inner[0], name, (), inner, at), s.For(None, None, None, inner, at), s.Block(inner)]
    body += [s.Range(None, name, True, call, inner, at, at), s.Labeled(text, inner[0])]
    cases = (s.Case(every, tuple(kinds), inner[0], inner), s.Case((), (), None, (), True))
    body += [s.Switch("type", None, name, text, cases, at)]
    params = tuple(Param(word, k) for word, k in zip(words, kinds, strict=False))
    func = FuncFacts(at, text, Param(text, kinds[2]), tuple(words), params, params, True, tuple(body), at, at, -1, text)
    facts = FileFacts(
        text, text, text, (Import(text, text),), tuple(TypeDecl(text, tuple(words), k, False, at) for k in kinds),
        (GlobalVar(tuple(words), (at,), None, every, at, text),), ((text, None, ""), (text, kinds[0], text)), (func,), (at,), True,
        False, True, (Gap(Reason.SYNTAX, text, at % 1000, text),),
    )  # fmt: skip
    data = encode(facts)
    assert decode(data) == facts
    assert encode(decode(data)) == data


def test_that_was_every_class() -> None:
    """A class that is added to the syntax has to be added above."""
    text = Path(__file__).read_text("utf-8")
    classes = [c.__name__ for union in (s.Type, s.Expr, s.Stmt) for c in union.__args__]
    assert [name for name in classes if f"s.{name}(" not in text] == []


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_another_shape_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@functools.cache
def alias_facts() -> bytes:
    return encode(extract(loaded(FIXTURES / "accesses/alias"), Options(cache=False), Cache(None))[0][0])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_damaged_facts_are_facts_or_a_value_error(at: int, flip: int) -> None:
    damaged = bytearray(alias_facts())
    damaged[at % len(damaged)] ^= flip
    with contextlib.suppress(ValueError):
        assert isinstance(decode(bytes(damaged)), FileFacts)


# ---------------------------------------------------------------- extraction


def loaded(folder: Path) -> list[Loaded]:
    return [(f, f.absolute.read_bytes()) for f in discover(Options(paths=(folder,)))[0].files]


def test_order_and_processes_do_not_matter() -> None:
    files = loaded(FIXTURES / "accesses")
    options = Options(cache=False, debug=True)
    facts, gaps = extract(files, options, Cache(None))
    assert [f.path for f in facts] == sorted(f.path for f, _ in files)
    assert gaps == []
    mixed = list(files)
    random.Random(3).shuffle(mixed)
    assert extract(mixed, options, Cache(None))[0] == facts
    with workers(2) as pool:
        assert extract(mixed, options, Cache(None), pool)[0] == facts
    with ThreadPoolExecutor(1) as threads:  # any executor will do
        assert extract(files, options, Cache(None), threads)[0] == facts


def test_the_cache_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = loaded(FIXTURES / "accesses/alias")
    store = Cache(tmp_path)
    first = extract(files, Options(), store)
    monkeypatch.setattr(module, "parse", lambda source, path: pytest.fail("parsed again"))
    assert extract(files, Options(), store) == first
    with pytest.raises(pytest.fail.Exception):
        extract([(f, source + b"\n") for f, source in files], Options(), store)
    store.close()


def test_facts_that_do_not_decode_are_made_anew(tmp_path: Path) -> None:
    files = loaded(FIXTURES / "accesses/alias")
    store = Cache(tmp_path)
    first = extract(files, Options(), store)
    store.put_many({facts_key(f, source, Options()): b"\x93\x01\x02\x03" for f, source in files})
    assert extract(files, Options(), store) == first
    store.close()


@pytest.mark.parametrize(
    "other",
    [Options(goos="windows"), Options(goarch="arm64"), Options(tags=("a",)), Options(tags=("a", "b"))],
)
def test_a_key_knows_what_facts_depend_on(other: Options) -> None:
    (file, source), *_ = loaded(FIXTURES / "accesses/alias")
    assert facts_key(file, source, other) != facts_key(file, source, Options())
    assert facts_key(file, source, Options(tags=("b", "a"))) == facts_key(file, source, Options(tags=("a", "b")))


def test_progress_ends_at_the_number_of_files() -> None:
    said: list[tuple[int, int]] = []
    files = loaded(FIXTURES / "accesses")
    extract(files, Options(cache=False), Cache(None), progress=lambda done, total: said.append((done, total)))
    assert said == sorted(said)
    assert said[-1] == (len(files), len(files))


def test_a_crash_in_one_file_is_a_gap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a defect")

    monkeypatch.setattr(module, "lower", broken)
    file = SourceFile("a.go", tmp_path / "a.go", 10, "p", "scan", False)
    assert extract([(file, b"package p\n")], Options(), Cache(None)) == ([], [Gap(Reason.CRASH, "a.go", 0, "LookupError: a defect")])
    with pytest.raises(LookupError):
        extract([(file, b"package p\n")], Options(debug=True), Cache(None))


def test_files_read_for_types_have_no_bodies(tmp_path: Path) -> None:
    source = b"package p\n\ntype T struct{ m map[int]int }\n\nfunc (t *T) F(n int) error { t.m[n]++; return nil }\n"
    file = SourceFile("a.go", tmp_path / "a.go", len(source), "p", "types", False)
    (facts,), gaps = extract([(file, source)], Options(), Cache(None))
    assert [(f.name, f.body, len(f.params), len(f.results)) for f in facts.funcs] == [("F", None, 1, 1)]
    assert [t.name for t in facts.types] == ["T"]
    assert gaps == []
