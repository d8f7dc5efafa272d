"""What is done with the map: one statement, or a few, on an expression for it."""

from typing import NamedTuple

from differential.sketch import MARK, VALUES, Sketch

# The detector does not see maps.Clone, and sees maps.DeleteFunc only where it reads: each has an access beside it that it sees.
_PLAIN = {
    "set": ("W", ["{m}[$k] = {v}¤"]),
    "delete": ("W", ["delete({m}, $k)¤"]),
    "clear": ("W", ["clear({m})¤"]),
    "copy into": ("W", ["maps.Copy({m}, map[{K}]{V}{{$k: {v}}})¤"]),
    "delete func": ("W", ["{m}[$k] = {v}¤", "maps.DeleteFunc({m}, func($a {K}, _ {V}) bool {{ return $a == $k }})¤"]),
    "fill if missing": ("W", ["if _, $ok := {m}[$k]; !$ok {{¤", "{m}[$k] = {v}¤", "}}", "delete({m}, $k)¤"]),
    "get": ("R", ["_ = {m}[$k]¤"]),
    "comma ok": ("R", ["if _, $ok := {m}[$k]; $ok {{¤", "_ = $k", "}}"]),
    "range": ("R", ["for $a := range {m} {{¤", "_ = $a", "}}"]),
    "len": ("R", ["_ = len({m})¤"]),
    "clone": ("R", ["_ = len({m})¤", "_ = maps.Clone({m})¤"]),
    "keys": ("R", ["for range maps.Keys({m}) {{¤", "}}"]),
    "sorted keys": ("R", ["_ = slices.Sorted(maps.Keys({m}))¤"]),
    "json": ("R", ["_, _ = json.Marshal({m})¤"]),
    "print": ("R", ["_ = fmt.Sprint({m})¤"]),
}
_ADD = {"int": "{m}[$k]++¤", "string": '{m}[$k] += "y"¤', "[]int": "{m}[$k] = append({m}[$k], 1)¤"}
_WEIGHTS = {"set": 4, "increment": 2, "get": 3, "range": 2}


class Access(NamedTuple):
    """``lines`` hold ``{m}`` for the map."""

    kind: str  # R or W
    lines: list[str]

    def on(self, expression: str) -> list[str]:
        return [line.replace("{m}", expression) for line in self.lines]


def access(s: Sketch, side: str, writes: bool | None) -> Access:
    """Draws an access for one side, a write or a read where that is asked for."""
    table = dict(_PLAIN)
    if s.value in _ADD:
        table["increment"] = ("W", [_ADD[s.value]])
    fitting = {name: float(_WEIGHTS.get(name, 1)) for name, (kind, _) in table.items() if writes is None or (kind == "W") == writes}
    kind, lines = table[s.choose(f"access {side}", fitting)]
    filled = [line.format(m="{m}", v=VALUES[s.value], K=s.key, V=s.value) for line in lines]
    drawn = Access(kind, filled)
    return (
        drawn
        if s.choose(f"access by {side}", {"itself": 9, "generic function": 1}) == "itself"
        else Access(kind, _through_generic(s, drawn))
    )


def _through_generic(s: Sketch, a: Access) -> list[str]:
    """The access as a function for all maps of one underlying type."""
    name = s.role("F")
    s.declare(f"func {name}[$T ~{s.map_type}]($m $T, $k {s.key}) {{", *a.on("$m"), "}")
    return [f"{name}({{m}}, $k){MARK}"]
