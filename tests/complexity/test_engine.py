"""Programs made to be hard for the analysis, at n and 2n: its work, counted in function calls, grows no faster than the bound says."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

import pytest

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.models.load import load
from mapguard.races.engine import judge_of

_HEAD = "package main\n\nvar m = map[string]int{}\n\n"


def nested_ranges(n: int) -> str:
    """Loops in loops."""
    return _HEAD + "func main() {\n" + "for k := range m {\n" * n + "m[k]++\n" + "}\n" * n + "}\n"


def accesses_and_threads(n: int) -> str:
    """A map that n goroutines each use once."""
    return _HEAD + "func main() {\n" + 'go func() { m["a"]++ }()\n' * n + "}\n"


def maps(n: int) -> str:
    """Maps that two goroutines use."""
    declared = "".join(f"var m{i} = map[string]int{{}}\n" for i in range(n))
    uses = "".join(f'm{i}["a"]++\n' for i in range(n))
    return f"package main\n\n{declared}\nfunc use() {{\n{uses}}}\n\nfunc main() {{\ngo use()\nuse()\n}}\n"


def mutual_recursion(n: int) -> str:
    """A ring of functions, each under a lock of its own."""
    locked = "mu.Lock()\nm[k]++\nmu.Unlock()\n"
    functions = "".join(f"func f{i}(d int) {{\n{locked}if d > 0 {{ f{(i + 1) % n}(d - 1) }}\n}}\n" for i in range(n))
    variables = "var mu sync.Mutex\nvar k string\nvar m = map[string]int{}\n"
    return f'package main\n\nimport "sync"\n\n{variables}\n{functions}\nfunc main() {{\ngo f0(9)\nf0(9)\n}}\n'


def literals_in_literals(n: int) -> str:
    """Function literals in function literals."""
    return _HEAD + "func main() {\n" + "func() {\n" * n + 'go func() { m["a"]++ }()\nm["a"]++\n' + "}()\n" * n + "}\n"


def values_through_fields(n: int) -> str:
    """Types that keep maps in fields of each other, through one setter each."""
    types = "".join(
        f"type T{i} struct {{ next *T{(i + 1) % n}; items map[string]int }}\nfunc (t *T{i}) set(x *T{(i + 1) % n}) {{ t.next = x }}\n"
        for i in range(n)
    )
    made = "".join(f"t{i} := &T{i}{{items: map[string]int{{}}}}\n" for i in range(n))
    linked = "".join(f"t{i}.set(t{(i + 1) % n})\ngo func() {{ t{i}.next.items[k]++ }}()\n" for i in range(n))
    return f"package main\n\nvar k string\n\n{types}\nfunc main() {{\n{made}{linked}}}\n"


def functions_by_type(n: int) -> str:
    """Function values, n stored and n called."""
    stored = "".join(f"func h{i}(s string) {{ m[s] = {i} }}\nvar f{i} = h{i}\n" for i in range(n))
    called = "".join(f'go f{i}("a")\n' for i in range(n))
    return f"{_HEAD}{stored}\nfunc main() {{\n{called}}}\n"


def _calls(folder: Path, source: str) -> int:
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/m\n\ngo 1.22\n")
    (folder / "main.go").write_text(source)
    models = load()
    for _, program in pipeline.linked(Options(paths=(folder,), cache=False, jobs=1)):
        with deep_stack():
            profile = cProfile.Profile()
            profile.enable()
            list(judge_of(program, models).races())
            profile.disable()
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
    raise AssertionError("no program")


@pytest.mark.parametrize(
    ("made", "n", "most"),
    [
        (nested_ranges, 8, 4.5),
        (accesses_and_threads, 20, 4.5),
        (maps, 20, 2.5),
        (mutual_recursion, 20, 4.5),
        (literals_in_literals, 20, 4.5),
        (values_through_fields, 12, 4.5),
        (functions_by_type, 20, 4.5),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_the_work_grows_with_the_input(tmp_path: Path, made: Callable[[int], str], n: int, most: float) -> None:
    small, large = _calls(tmp_path / "small", made(n)), _calls(tmp_path / "large", made(2 * n))
    assert large < most * small
