"""A finding to how its map is used: the types of keys and values, and how reads, writes and iterations compare in the code."""

import re
from collections import Counter

import msgspec

from mapguard.findings.model import Finding

_MAP = re.compile(r"map\[(?P<key>[^\[\]]*)\](?P<value>.*)", re.DOTALL)
_INTEGERS = re.compile(r"u?int(8|16|32|64)?|byte|rune|uintptr")
_VALUES = re.compile(r"(u?int|float)(8|16|32|64)?|bool|byte|rune|string|struct\{\}|any")


class Profile(msgspec.Struct, frozen=True):
    """``key`` and ``value`` are types that stand for those of the map: of a type of the program only the size counts."""

    key: str
    value: str
    reads: int
    writes: int
    iterations: int
    keys: int = 1000
    goroutines: int = 1

    def show(self) -> str:
        return (
            f"map[{self.key}]{self.value} with {self.keys} keys; {self.reads} reads to {self.writes} writes to {self.iterations} iterations"
            f"; goroutines for each processor: {self.goroutines}"
        )


def profile(f: Finding) -> Profile:
    """The places in the code count once each, since nobody knows how often they run."""
    found = _MAP.fullmatch(f.map.type)
    key, value = (found["key"], found["value"]) if found is not None else ("string", "int")
    ops = Counter({(a.path, a.line, a.column): a.op for a in f.accesses}.values())
    writes = ops["write"] + ops["delete"] + ops["replace"]
    return Profile(
        key="int" if _INTEGERS.fullmatch(key) else "string",
        value=value if _VALUES.fullmatch(value) else "*int",
        reads=ops["read"] + ops["len"],
        writes=max(writes, 1),
        iterations=ops["range"],
    )
