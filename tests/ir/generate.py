"""A seed to a small Go program without goroutines, whose output depends on how variables, control and copies are understood."""

import random

_HEAD = """package main

import "fmt"

type pair struct {
	x, y int
	in   inner
}

type inner struct{ z int }

func (p pair) plus(d int) int  { p.x += d; return p.x + p.in.z }
func (p *pair) add(d int) int  { p.x += d; return p.y }

type adder interface{ add(int) int }

func upTo(n int) func(func(int, int) bool) {
	return func(yield func(int, int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i, i*n) {
				return
			}
		}
	}
}

"""


class _Function:
    def __init__(self, seed: random.Random, number: int) -> None:
        self.r = seed
        self.number = number
        self.count = 0
        self.scopes: list[list[tuple[str, str]]] = []  # names and kinds
        self.fixed = {"r"}  # the result, and variables that a loop counts with
        self.loops: list[list[str]] = []  # labels of the loops around, in the literal at hand
        self.used: set[str] = set()
        self.literal = 0
        self.void = False

    # ------------------------------------------------------------ names

    def new(self, kind: str) -> str:
        same = [n for scope in self.scopes for n, _ in scope if not any(n == m for m, _ in self.scopes[-1]) and n not in self.fixed]
        if same and self.r.random() < 0.25:
            name = self.r.choice(same)  # shadows
        else:
            self.count += 1
            name = f"{kind[0]}{self.count}"
        self.scopes[-1].append((name, kind))
        return name

    def visible(self, kind: str) -> list[str]:
        found: dict[str, str] = {}
        for scope in self.scopes:
            found.update(dict(scope))
        return [n for n, k in found.items() if k == kind]

    def variable(self, kind: str) -> str | None:
        names = [n for n in self.visible(kind) if n not in self.fixed]
        return self.r.choice(names) if names else None

    # ------------------------------------------------------------ expressions

    def number_of(self, depth: int = 2) -> str:
        choices = ["const", "const", *["var"] * 3]
        if depth:
            choices += ["op", "op", "field", "elem", "map", "deref", "plus"]
        kind = self.r.choice(choices)
        if kind == "var" and (names := self.visible("int")):
            return self.r.choice(names)
        if kind == "op":
            return f"({self.number_of(depth - 1)} {self.r.choice(['+', '-', '*', '&', '|', '^'])} {self.number_of(depth - 1)})"
        if kind == "field" and (names := self.visible("pair")):
            return f"{self.r.choice(names)}.{self.r.choice(['x', 'y', 'in.z'])}"
        if kind == "elem" and (names := self.visible("slice")):
            return f"{self.r.choice(names)}[{self.number_of(0)}&3]"
        if kind == "map" and (names := self.visible("table")):
            return f"{self.r.choice(names)}[{self.number_of(0)}&7]"
        if kind == "deref" and (names := self.visible("ref")):
            return f"*{self.r.choice(names)}"
        if kind == "plus" and (names := self.visible("pair")):
            return f"{self.r.choice(names)}.plus({self.number_of(0)})"
        return str(self.r.randrange(0, 99))

    def condition(self) -> str:
        one = f"{self.number_of(1)} {self.r.choice(['<', '>', '==', '!=', '<=', '>='])} {self.number_of(1)}"
        match self.r.randrange(5):
            case 0:
                return f"{one} && {self.number_of(0)} > {self.r.randrange(50)}"
            case 1:
                return f"{one} || !({self.number_of(1)}%3 == 1)"
        return one

    def place(self) -> str | None:
        """What can be assigned to and holds an int."""
        kind = self.r.choice(["int", "int", "int", "pair", "slice", "table", "ref"])
        name = self.variable(kind)
        if name is None:
            return None
        return {
            "int": name,
            "pair": f"{name}.{self.r.choice(['x', 'y', 'in.z'])}",
            "slice": f"{name}[{self.number_of(0)}&3]",
            "table": f"{name}[{self.number_of(0)}&7]",
            "ref": f"*{name}",
        }[kind]

    # ------------------------------------------------------------ statements

    def block(self, depth: int, *names: tuple[str, str]) -> list[str]:
        self.scopes.append(list(names))
        lines: list[str] = []
        for _ in range(self.r.randrange(1, 5)):
            lines += self.statement(depth)
        self.scopes.pop()
        return ["\t" + line for line in lines]

    def statement(self, depth: int) -> list[str]:
        simple = [
            self.declare,
            self.declare,
            self.assign,
            self.assign,
            self.assign,
            self.swap,
            self.call,
            self.print,
            self.leave,
            self.copy,
        ]
        nested = [self.choice, self.choice, self.loop, self.loop, self.switch, self.function, self.defer, self.inner]
        return self.r.choice([*simple, *nested] if depth else simple)(depth)

    def declare(self, depth: int) -> list[str]:
        kind = self.r.choice(["int", "int", "pair", "slice", "table", "ref", "any"])
        if kind == "int":
            value = self.number_of()
        elif kind == "pair":
            names = self.visible("pair")
            value = (
                self.r.choice(names)
                if names and self.r.random() < 0.5
                else f"pair{{{self.number_of(1)}, {self.number_of(1)}, inner{{{self.number_of(0)}}}}}"
            )
        elif kind == "slice":
            value = f"[]int{{{self.number_of(1)}, {self.number_of(1)}, {self.number_of(0)}, {self.number_of(0)}}}"
        elif kind == "table":
            value = f"map[int]int{{{self.r.randrange(8)}: {self.number_of(1)}}}"
        elif kind == "ref":
            names = [n for n in self.visible("int") if n not in self.fixed]
            pairs = self.visible("pair")
            if pairs and self.r.random() < 0.5:
                value = f"&{self.r.choice(pairs)}.y"
            elif names:
                value = f"&{self.r.choice(names)}"
            else:
                return []
        else:
            pairs = self.visible("pair")
            if not pairs:
                return []
            value = f"any({self.r.choice(['', '&'])}{self.r.choice(pairs)})"
        name = self.new(kind)
        return [f"{name} := {value}", f"_ = {name}"]

    def assign(self, depth: int) -> list[str]:
        place = self.place()
        if place is None:
            return []
        if self.r.random() < 0.3:
            return [f"{place} {self.r.choice(['+=', '-=', '^=', '|='])} {self.number_of(1)}"]
        return [f"{place}++"] if self.r.random() < 0.2 else [f"{place} = {self.number_of()}"]

    def swap(self, depth: int) -> list[str]:
        a, b = self.place(), self.place()
        if a is None or b is None:
            return []
        return [f"{a}, {b} = {self.number_of(1)}, {self.number_of(1)}"]

    def copy(self, depth: int) -> list[str]:
        kind = self.r.choice(["pair", "pair", "slice", "table", "any"])
        name = self.variable(kind)
        if name is None:
            return []
        other = self.r.choice(self.visible(kind))
        if kind == "slice" and self.r.random() < 0.5:
            return [f"{name} = append([]int{{}}, {other}...)"]
        if kind == "table" and self.r.random() < 0.4:
            return [self.r.choice([f"delete({name}, {self.number_of(0)}&7)", f"clear({name})"])]
        if kind == "any":
            pairs = self.visible("pair")
            d = self.r.randrange(1, 9)
            lines = [f"if v, ok := {name}.(adder); ok {{", f"\tv.add({d})", "}"]
            if pairs:
                lines += [f"if v, ok := {name}.(pair); ok {{", f"\tv.x += {d}", f"\t{self.r.choice(pairs)} = v", "}"]
            return lines
        return [f"{name} = {other}"]

    def call(self, depth: int) -> list[str]:
        functions, target = self.visible("func"), self.variable("int")
        if functions and target and not self.literal:
            return [f"{target} = {self.r.choice(functions)}({self.number_of(1)})"]
        pair = self.variable("pair")
        return [f"{pair}.add({self.number_of(1)})"] if pair else []

    def print(self, depth: int) -> list[str]:
        names = [n for kind in ("int", "pair", "slice", "table") for n in self.visible(kind)]
        return [f"fmt.Println({', '.join(self.r.sample(names, min(3, len(names))))})"]

    def leave(self, depth: int) -> list[str]:
        lines: list[str]
        if self.loops[-1] and self.r.random() < 0.7:
            word = self.r.choice(["break", "continue"])
            label = self.r.choice(self.loops[-1]) if self.r.random() < 0.5 else ""
            if label:
                self.used.add(label)
            lines = [f"{word} {label}".strip()]
        elif self.r.random() < 0.3 and not self.void:
            lines = [f"return {self.number_of(1)}"]
        else:
            return []
        return [f"if {self.condition()} {{", *("\t" + line for line in lines), "}"]

    def choice(self, depth: int) -> list[str]:
        self.scopes.append([])
        start, used = "", list[str]()
        if self.r.random() < 0.3:
            value = self.number_of(1)
            name = self.new("int")
            start, used = f"{name} := {value}; ", [f"\t_ = {name}"]
        lines = [f"if {start}{self.condition()} {{", *used, *self.block(depth - 1)]
        if self.r.random() < 0.4:
            lines += [f"}} else if {self.condition()} {{", *self.block(depth - 1)]
        if self.r.random() < 0.5:
            lines += ["} else {", *self.block(depth - 1)]
        self.scopes.pop()
        return [*lines, "}"]

    def loop(self, depth: int) -> list[str]:
        self.count += 1
        label = f"L{self.count}"
        names = [f"i{self.count}", f"v{self.count}"]
        kind = self.r.choice(["for", "for", "int", "slice", "func", "func", "array", "free"])
        n = self.r.randrange(1, 4)
        head = {
            "for": f"for {names[0]} := 0; {names[0]} < {n}; {names[0]}++ {{",
            "free": f"for {names[0]} := {n}; {names[0]} < 90 && {names[0]} > -9; {names[0]} += 20 {{",
            "int": f"for {names[0]} := range {n} {{",
            "slice": f"for {names[0]}, {names[1]} := range {self.r.choice([*self.visible('slice'), '[]int{4, 5}'])} {{",
            "array": f"for {names[0]}, {names[1]} := range [3]int{{{self.number_of(0)}, {self.number_of(0)}, 1}} {{",
            "func": f"for {names[0]}, {names[1]} := range upTo({n}) {{",
        }[kind]
        self.scopes.append([(name, "int") for name in names[: 2 if kind in ("slice", "func", "array") else 1]])
        if kind == "for":
            self.fixed.add(names[0])
        self.loops[-1].append(label)
        if kind == "free":
            self.fixed.add(names[0])
        body = self.block(depth - 1)
        if kind == "free":  # a counter that the body does change, upwards
            body.append(f"\t{names[0]} += {self.r.randrange(8)}")
        self.loops[-1].pop()
        self.fixed.difference_update(names)
        self.scopes.pop()
        uses = f"\t_, _ = {names[0]}, {names[1]}" if kind in ("slice", "func", "array") else f"\t_ = {names[0]}"
        return [*([f"{label}:"] if label in self.used else []), head, uses, *body, "}"]

    def switch(self, depth: int) -> list[str]:
        if self.r.random() < 0.5:
            lines = [f"switch {self.number_of(1)} & 3 {{"]
            cases = [f"case {n}:" for n in range(3)]
        else:
            lines = ["switch {"]
            cases = [f"case {self.condition()}:" for _ in range(2)]
        cases.insert(self.r.randrange(len(cases) + 1), "default:")
        labels, self.loops[-1] = self.loops[-1], []  # a break would end the switch
        for number, case in enumerate(cases):
            lines += [case, *self.block(depth - 1)]
            if number + 1 < len(cases) and self.r.random() < 0.2:
                lines.append("\tfallthrough")
        self.loops[-1] = labels
        return [*lines, "}"]

    def function(self, depth: int) -> list[str]:
        """A closure; it calls no other one, so that all ends."""
        self.loops.append([])
        self.literal += 1
        void, self.void = self.void, False
        body = [*self.block(depth - 1, ("a", "int")), "\treturn a"]
        self.void = void
        self.literal -= 1
        self.loops.pop()
        name = self.new("func")
        return [f"{name} := func(a int) int {{", *body, "}", f"_ = {name}"]

    def defer(self, depth: int) -> list[str]:
        self.loops.append([])
        self.literal += 1
        given = self.number_of(1)
        void, self.void = self.void, True
        body = self.block(depth - 1, ("a", "int"))
        self.void = void
        self.literal -= 1
        self.loops.pop()
        if self.literal:  # there r is not its own result
            return []
        return ["defer func(a int) {", *body, "\tr += a", f"}}({given})"]

    def inner(self, depth: int) -> list[str]:
        return ["{", *self.block(depth), "}"]

    def text(self) -> str:
        self.loops.append([])
        self.scopes.append([("a", "int"), ("b", "int"), ("r", "int"), ("p", "pair"), ("s", "slice"), ("t", "table")])
        lines = ["p := pair{a, b, inner{1}}", "s := []int{1, a, 3, b}", "t := map[int]int{1: a, 2: b}"]
        for _ in range(9):
            lines += self.statement(3)
        lines += ["fmt.Println(a, b, p, s, t)", "return a + r"]
        return f"func f{self.number}(a, b int) (r int) {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n\n"


def program(seed: int, functions: int = 12) -> str:
    """The same text for the same seed."""
    r = random.Random(seed)
    texts = [_Function(r, n).text() for n in range(functions)]
    calls = "".join(f"\tfmt.Println({n}, f{n}({r.randrange(9)}, {r.randrange(99)}))\n" for n in range(functions))
    return _HEAD + "".join(texts) + f"func main() {{\n{calls}}}\n"
