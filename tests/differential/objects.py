"""Which object each thread gets."""

from typing import NamedTuple

from differential.sketch import Sketch

SAME, COPY, OTHER_HOLDER, DIFFERENT = "same", "copy", "another holder of the map", "different"

ANY = {
    "same": 7.0,
    "made before each start": 1,
    "made in the thread": 1,
    "one for each side": 1,
    "element by index": 1,
    "element by index, of both sides": 1,
    "first element": 1,
    "sent to each, the same": 1,
    "sent to each, a new one": 1,
    "in any": 0.7,
    "context value": 0.7,
    "from a pool": 0.7,
    "by key, the same": 1,
    "by key, another": 1,
}
STRUCT = {
    "copy of the struct": 1.5,
    "copy made in the thread": 1,
    "another holder": 1,
    "getter of the only one": 1,
    "lazily made only one": 1,
    "parent of the object": 1,
    "through a child": 1,
}


class Objects(NamedTuple):
    """``outer`` stands in main before each start, ``inner`` at the start of the thread; ``main`` says that main has ``$o`` too.

    ``ab`` is what the objects of two threads of different sides are to each other, ``aa`` and ``bb`` those of one side.
    """

    outer: dict[str, list[str]]
    inner: dict[str, list[str]]
    main: bool
    aa: str
    bb: str
    ab: str


def objects(s: Sketch, counts: dict[str, int]) -> Objects:
    """Draws the mode and writes what main prepares. ``counts`` says how many threads each side has."""
    nothing: dict[str, list[str]] = {"A": [], "B": []}
    if not s.o_type:
        s.choices["object"] = "package variable"
        return Objects(nothing, nothing, False, SAME, SAME, SAME)
    modes = {**ANY, **(STRUCT if s.holder else {})}
    if "swapped out" in (s.choices.get("form A"), s.choices.get("form B")):
        modes = {
            name: weight
            for name, weight in modes.items()
            if name not in ("copy of the struct", "copy made in the thread", "another holder")
        }
    name = s.choose("object", modes)
    total = counts["A"] + counts["B"]
    if name in ("parent of the object", "through a child"):
        s.fields.append(f"$up {s.o_type}")
    fresh = s.fresh()

    def both(lines: list[str]) -> dict[str, list[str]]:
        return {"A": lines, "B": lines}

    match name:
        case "same":
            s.setup.append(f"$o := {fresh}")
            return Objects(nothing, nothing, True, SAME, SAME, SAME)
        case "made before each start":
            return Objects(both([f"$o := {fresh}"]), nothing, False, DIFFERENT, DIFFERENT, DIFFERENT)
        case "made in the thread":
            return Objects(nothing, both([f"$o := {fresh}"]), False, DIFFERENT, DIFFERENT, DIFFERENT)
        case "one for each side":
            s.local("$one", s.o_type, fresh)
            s.local("$two", s.o_type, fresh)
            return Objects({"A": ["$o := $one"], "B": ["$o := $two"]}, nothing, False, SAME, SAME, DIFFERENT)
        case "element by index" | "element by index, of both sides" | "first element":
            s.local("$list", f"[]{s.o_type}", f"[]{s.o_type}{{{', '.join([fresh] * total)}}}")
            if name == "first element":
                return Objects(both(["$o := $list[0]"]), nothing, False, SAME, SAME, SAME)
            element = f"$list[$i+{counts['A']}]" if name == "element by index" else "$list[$i]"
            related = DIFFERENT if name == "element by index" else SAME
            return Objects({"A": ["$o := $list[$i]"], "B": [f"$o := {element}"]}, nothing, False, DIFFERENT, DIFFERENT, related)
        case "sent to each, the same" | "sent to each, a new one":
            channel = s.common("sent", f"chan {s.o_type}", f"make(chan {s.o_type}, {total})")
            same = name.endswith("the same")
            s.setup += [f"$first := {fresh}"] if same else []
            s.setup += [f"for range {total} {{", f"{channel} <- {'$first' if same else fresh}", "}"]
            related = SAME if same else DIFFERENT
            return Objects(nothing, both([f"$o := <-{channel}"]), False, related, related, related)
        case "in any":
            s.setup.append(f"$o := {fresh}")
            box = s.common("box", "any", "any($o)", needs_main=True)
            return Objects(nothing, both([f"$o := {box}.({s.o_type})"]), True, SAME, SAME, SAME)
        case "context value":
            s.declare("type $Key struct{}")
            s.setup.append(f"$o := {fresh}")
            ctx = s.common("ctx", "context.Context", "context.WithValue(context.Background(), $Key{}, $o)", needs_main=True)
            return Objects(nothing, both([f"$o := {ctx}.Value($Key{{}}).({s.o_type})"]), True, SAME, SAME, SAME)
        case "from a pool":
            pool = s.common("pool", "*sync.Pool", f"&sync.Pool{{New: func() any {{ return {fresh} }}}}")
            taken = [f"$o := {pool}.Get().({s.o_type})", f"defer {pool}.Put($o)"]
            return Objects(nothing, both(taken), False, DIFFERENT, DIFFERENT, DIFFERENT)
        case "by key, the same" | "by key, another":
            table = s.common("table", f"map[string]{s.o_type}", f'map[string]{s.o_type}{{"u": {fresh}, "v": {fresh}}}')
            same = name.endswith("the same")
            inner = {"A": [f'$o := {table}["u"]'], "B": [f'$o := {table}["{"u" if same else "v"}"]']}
            return Objects(nothing, inner, False, SAME, SAME, SAME if same else DIFFERENT)
        case "copy of the struct":
            s.setup.append(f"$o := {fresh}")
            s.local("$copy", s.holder, "*$o")
            return Objects({"A": [], "B": ["$o := &$copy"]}, nothing, True, SAME, SAME, COPY)
        case "copy made in the thread":
            s.setup.append(f"$o := {fresh}")
            return Objects(nothing, {"A": [], "B": ["$copy := *$o", "$o := &$copy"]}, True, SAME, COPY, COPY)
        case "parent of the object":
            s.setup += [f"$o := {fresh}", f"$o.$up = {fresh}"]
            return Objects(nothing, {"A": [], "B": ["$o := $o.$up"]}, True, SAME, SAME, DIFFERENT)
        case "through a child":
            s.setup.append(f"$o := {fresh}")
            s.local("$child", s.o_type, fresh)
            s.setup.append("$child.$up = $o")
            return Objects(nothing, {"A": [], "B": ["$o := $child.$up"]}, True, SAME, SAME, SAME)
        case "another holder":
            s.setup.append(f"$o := {fresh}")
            second = [f"$next := {fresh}", f"$next.{s.carrier} = $o.{s.carrier}", "$o := $next"]
            return Objects({"A": [], "B": second}, nothing, True, SAME, OTHER_HOLDER, OTHER_HOLDER)
    if name == "getter of the only one":
        s.declare(f"var $only = {fresh}")
        s.declare(f"func $Only() {s.o_type} {{", "return $only", "}")
    else:
        s.declare(f"var $only {s.o_type}")
        s.declare("var $made sync.Once")
        s.declare(f"func $Only() {s.o_type} {{", "$made.Do(func() {", f"$only = {fresh}", "})", "return $only", "}")
    return Objects(nothing, both(["$o := $Only()"]), False, SAME, SAME, SAME)
