"""A Go program in the making: declarations, the type that holds the map, what threads are given; and its text at the end."""

import random
import re
from collections.abc import Mapping

from differential.names import named

MARK = "¤"  # stands on lines that touch the map; never printed
KEYS = {"string": ['"a"', '"b"', '"c"'], "int": ["1", "2", "7"]}
VALUES = {"int": "1", "string": '"x"', "bool": "true", "struct{}": "struct{}{}", "[]int": "[]int{1}"}

_PACKAGES = {
    "atomic": "sync/atomic",
    "json": "encoding/json",
    "http": "net/http",
    **{name: name for name in ("context", "fmt", "maps", "runtime", "slices", "strings", "sync", "time")},
}


class Sketch:
    """What the choices write into. ``o`` is the variable that a thread reaches the map by, ``map`` the expression for the map."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.choices: dict[str, str] = {}
        self.key, self.value = dice.choice(list(KEYS)), dice.choice(list(VALUES))
        self.declarations: list[str] = []
        self.fields: list[str] = []  # of the holder $H, when there is one
        self.inits: list[str] = []  # their values in a fresh holder
        self.setup: list[str] = []  # statements of main before anything starts
        self.o_type = ""  # "" where the map is a package variable
        self.holder = ""  # the holder's type name with its type arguments, "" when $o is no pointer to a struct of ours
        self.methods = False  # may the holder have methods that touch the map
        self.map = ""
        self.carrier = ""  # the field that leads to the map
        self.locals: list[tuple[str, str]] = []  # of main, that threads need: name and type
        self.lock_locals: list[tuple[str, str]] = []  # those that lead to the lock
        self._count = 0
        self._made = ""

    def choose(self, what: str, weights: Mapping[str, float]) -> str:
        """Draws one value of a choice and writes it down."""
        self.choices[what] = self.dice.choices(list(weights), list(weights.values()))[0]
        return self.choices[what]

    def role(self, base: str) -> str:
        self._count += 1
        return f"${base}{self._count}"

    @property
    def map_type(self) -> str:
        return f"map[{self.key}]{self.value}"

    def fresh(self) -> str:
        """An expression for a new object of its own."""
        if not self.holder:
            return self.inits[0]
        made = f"&{self.holder}{{{', '.join(self.inits)}}}"
        if not self._made and self.choose("made by", {"literal": 1, "constructor": 1}) == "constructor":
            self.declare(f"func $Make() *{self.holder} {{", f"return {made}", "}")
            made = "$Make()"
        self._made = self._made or made
        return self._made

    def has(self, type_: str) -> bool:
        """Is the type declared already?"""
        return any(d.startswith(f"type {type_} ") for d in self.declarations)

    def declare(self, *lines: str) -> None:
        self.declarations.append("\n".join(lines))

    def common(self, base: str, type_: str, init: str, *, needs_main: bool = False) -> str:
        """A variable that main and the threads share: of the package or of main."""
        name = self.role(base)
        if not needs_main and self.dice.random() < 0.5:
            self.declare(f"var {name} = {init}")
        else:
            self.local(name, type_, init)
        return name

    def local(self, name: str, type_: str, init: str) -> None:
        """A variable of main that threads are given."""
        self.setup.append(f"{name} := {init}")
        self.locals.append((name, type_))

    def reach(self) -> list[tuple[str, str]]:
        """What a function that touches the map has to be given."""
        return [*([("$o", self.o_type)] if self.o_type else []), *self.lock_locals, ("$k", self.key)]

    def parameters(self, without_o: bool = False) -> str:
        return ", ".join(f"{name} {type_}" for name, type_ in self.reach() if not (without_o and name == "$o"))

    def arguments(self, without_o: bool = False) -> str:
        return ", ".join(name for name, _ in self.reach() if not (without_o and name == "$o"))


def text(sketch: Sketch, main: list[str], package: str, entry: str, dice: random.Random) -> tuple[dict[str, str], dict[str, list[int]]]:
    """The program's files, and the lines of each that touch the map."""
    declarations = list(sketch.declarations)
    if sketch.holder:
        plain = sketch.holder.partition("[")[0]
        parameters = "[K comparable, V any]" if "[" in sketch.holder else ""
        declarations.append("\n".join([f"type {plain}{parameters} struct {{", *sketch.fields, "}"]))
    dice.shuffle(declarations)
    declarations.insert(dice.randrange(len(declarations) + 1), "\n".join([f"func {entry}() {{", *main, "}"]))
    parts = [declarations] if len(declarations) < 3 or dice.random() < 0.5 else [declarations[::2], declarations[1::2]]
    sketch.choices["files"] = str(len(parts))
    files: dict[str, str] = {}
    marks: dict[str, list[int]] = {}
    for number, body in enumerate(named(["\n\n".join(part) for part in parts], dice)):
        used = sorted(path for name, path in _PACKAGES.items() if re.search(rf"(?<![\w.]){name}\.", body))
        imports = ["import (", *(f'"{path}"' for path in used), ")", ""] if used else []
        lines = indented("\n".join([f"package {package}", "", *imports, body, ""]))
        name = "ab"[number] + ".go"
        marks[name] = [n for n, line in enumerate(lines, 1) if MARK in line]
        files[name] = "\n".join(lines).replace(MARK, "")
    return files, marks


def indented(source: str) -> list[str]:
    """Lines with one more tab inside of what a line opens, however much it opens."""
    depth, out = 0, []
    for line in source.split("\n"):
        line = line.strip()
        bare = re.sub(r'"[^"]*"', "", line)
        opened = sum(bare.count(c) for c in "{([") - sum(bare.count(c) for c in "})]")
        closes = bare[:1] in ("}", ")", "]")
        out.append("\t" * (depth - closes) + line if line else "")
        depth += (opened > 0) - (opened < 0)
    return out
