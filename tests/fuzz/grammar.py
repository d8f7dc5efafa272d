"""Dice to Go programs: every construct of the language in every place where the grammar allows it, whether it means something or not.

Names are few, so that they meet: a type is a variable elsewhere, a method a field, a package a parameter.
"""

import random
from collections.abc import Callable

NAMES = ("a", "b", "m", "mu", "s", "t", "T", "S", "f", "g", "p", "init", "err", "ctx", "http", "sync", "x")
TYPES = (
    "int",
    "string",
    "error",
    "any",
    "T",
    "S",
    "p.T",
    "sync.Mutex",
    "*sync.RWMutex",
    "http.Handler",
    "context.Context",
    "sync.WaitGroup",
)
IMPORTS = (
    "sync",
    "net/http",
    "context",
    "fmt",
    "time",
    "sync/atomic",
    "maps",
    "encoding/json",
    "golang.org/x/sync/errgroup",
    "example.com/m/p1",
)
OPERATORS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "&^", "==", "!=", "<", "<=", "&&", "||")
UPDATES = ("=", ":=", "+=", "-=", "|=", "&^=", "<<=")
CALLS = (
    "mu.Lock()",
    "mu.Unlock()",
    "mu.RLock()",
    "defer mu.Unlock()",
    "s.mu.Lock()",
    "wg.Wait()",
    "wg.Done()",
    "clear(m)",
    "delete(m, a)",
    "once.Do(f)",
    'http.HandleFunc("/", f)',
    "http.Handle(a, s)",
    "maps.Copy(m, s.m)",
    "json.Marshal(m)",
    'fmt.Printf("%p %v", m, s)',
)
EMBEDDED = ("T", "error", "~int | ~string", "T | S")
_DEPTH = 5


class Maker:
    """One program; what is asked for below a depth is a name."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.depth = 0

    def program(self) -> str:
        dice = self.dice
        imports = "".join(f'import {dice.choice(("", "", "", ". ", "_ ", "q "))}"{i}"\n' for i in dice.sample(IMPORTS, dice.randrange(4)))
        declarations = "\n".join(self.declaration() for _ in range(dice.randrange(2, 12)))
        return f"package {dice.choice(('p', 'p', 'main', 'p_test'))}\n\n{imports}\n{declarations}\n"

    # ------------------------------------------------------------ declarations

    def declaration(self) -> str:
        made = self.one(
            lambda: f"func {self.name()}{self.parameters_of_types()}{self.signature()} {self.block()}",
            lambda: f"func ({self.name()} {self.dice.choice(('', '*'))}{self.owner()}) {self.name()}{self.signature()} {self.block()}",
            lambda: f"func ({self.name()} *{self.owner()}) {self.name()}{self.parameters_of_types()}{self.signature()} {self.block()}",
            lambda: f"type {self.name()}{self.parameters_of_types()} {self.dice.choice(('', '', '= '))}{self.type()}",
            lambda: f"var {self.names()} {self.type()}",
            lambda: f"var {self.names()} = {self.values()}",
            lambda: f"var (\n\t{self.name()} = {self.expression()} // guarded by mu\n\t{self.names()} {self.type()}\n)",
            lambda: f"const (\n\t{self.name()} = iota\n\t{self.name()}\n)",
            lambda: f"const ( {self.name()} = {self.expression()} )",
        )
        return self.dice.choice(("", "// mu guards m\n", "//mapguard:ignore concurrent-map-write fuzz\n")) + made + "\n"

    def parameters_of_types(self) -> str:
        if self.dice.random() < 0.7:
            return ""
        return f"[{self.name()} {self.constraint()}, {self.name()} {self.dice.choice(('any', 'comparable'))}]"

    def constraint(self) -> str:
        return self.dice.choice(("any", "~map[K]V", "~[]T | ~map[T]T", "interface{ ~int; m() }", "T", "p.T[K]", f"~{self.type()}"))

    def owner(self) -> str:
        return self.dice.choice(("T", "S", "T[K]", "S[K, V]", self.name()))

    def signature(self) -> str:
        given = ", ".join(f"{self.name()} {self.type()}" for _ in range(self.dice.randrange(3)))
        rest = self.dice.choice(("", "", f"{', ' if given else ''}{self.name()} ...{self.type()}"))
        results = self.dice.choice(("", "", f" {self.type()}", f" ({self.type()}, error)", f" ({self.name()} {self.type()})"))
        return f"({given}{rest}){results}"

    # ------------------------------------------------------------ types

    def type(self) -> str:
        return self.one(
            lambda: self.dice.choice(TYPES),
            lambda: f"map[{self.type()}]{self.type()}",
            lambda: f"[]{self.type()}",
            lambda: f"[{self.dice.choice(('4', 'a'))}]{self.type()}",
            lambda: f"*{self.type()}",
            lambda: f"{self.dice.choice(('chan ', '<-chan ', 'chan<- '))}{self.type()}",
            lambda: f"func{self.signature()}",
            self.struct,
            lambda: f"interface {{\n\t{self.name()}{self.signature()}\n\t{self.dice.choice(EMBEDDED)}\n}}",
            lambda: f"{self.dice.choice(('T', 'S', 'p.T'))}[{self.type()}]",
            lambda: f"({self.type()})",
            lambda: "map[string]map[string]int",
            otherwise=lambda: self.dice.choice(TYPES),
        )

    def struct(self) -> str:
        embedded = self.dice.choice(("T", "*S", "sync.Mutex", "p.T"))
        return f"struct {{\n\t{self.names()} {self.type()} // mu\n\t{embedded}\n\tm {self.type()}\n}}"

    # ------------------------------------------------------------ statements

    def block(self) -> str:
        return "{\n" + "".join(f"{self.statement()}\n" for _ in range(self.dice.randrange(5))) + "}"

    def statement(self) -> str:
        e, n, block = self.expression, self.name, self.block
        return self.one(
            lambda: self.dice.choice(CALLS),
            lambda: self.dice.choice(CALLS),
            lambda: f"{e()}[{e()}] {self.dice.choice(UPDATES[:1] + UPDATES[2:])} {e()}",
            lambda: f"{self.names()} {self.dice.choice(UPDATES)} {self.values()}",
            lambda: f"{e()}[{e()}]{self.dice.choice(('++', '--'))}",
            lambda: f"{n()}, {n()} := {e()}[{e()}]",
            lambda: f"go func{self.signature()} {block()}({self.values()})",
            lambda: f"{self.dice.choice(('go', 'defer'))} {n()}.{n()}({self.values()})",
            lambda: f"{e()} <- {e()}",
            lambda: f"if {self.dice.choice(('', '; ', f'{n()} := {e()}; ', f'{n()}, ok := {n()}[{e()}]; '))}{n()} {block()}",
            lambda: f"if {n()} {block()} else if !{n()} {block()} else {block()}",
            self.loop,
            self.switch,
            lambda: f"switch {n()} := {n()}.(type) {{\ncase {self.type()}, nil:\n{self.statement()}\n}}",
            lambda: f"select {{\ncase {n()} := <-{n()}:\n{self.statement()}\ncase {n()} <- {e()}:\ndefault:\n{self.statement()}\n}}",
            lambda: f"return {self.values()}",
            lambda: f"var {n()} {self.type()} = {e()}",
            lambda: f"type {n()} {self.type()}",
            lambda: f"{n()}:\n{self.statement()}",
            lambda: self.dice.choice(("break", "continue", "goto a", "break b", "return", "panic(a)")),
            lambda: block(),
            otherwise=lambda: self.dice.choice(CALLS),
        )

    def loop(self) -> str:
        n = self.name
        head = self.dice.choice(("", f"{n()} ", "i := 0; i < 9; i++ ", "range 10 ", f"{n()}, {n()} := range {n()} "))
        return f"for {head}{self.block()}"

    def switch(self) -> str:
        head = self.dice.choice(("", "; ", f"{self.name()} "))
        first, other = self.statement(), self.statement()
        return f"switch {head}{{\ncase {self.expression()}, {self.name()}:\n{first}\nfallthrough\ndefault:\n{other}\n}}"

    # ------------------------------------------------------------ expressions

    def expression(self) -> str:
        e, n = self.expression, self.name
        return self.one(
            n,
            n,
            lambda: f"{n()}.{n()}",
            lambda: f"{e()}.{n()}",
            lambda: f"{n()}[{e()}]",
            lambda: f"{n()}[{e()}][{e()}]",
            lambda: f"{n()}[{self.type()}]({self.values()})",
            lambda: f"{n()}({self.values()}{self.dice.choice(('', '...'))})",
            lambda: f"{e()} {self.dice.choice(OPERATORS)} {e()}",
            lambda: f"{self.dice.choice('&*-!^+')}{n()}",
            lambda: f"<-{n()}",
            lambda: f"({e()})",
            lambda: f"{n()}.({self.type()})",
            lambda: f"{n()}[{e()}:{e()}]",
            lambda: f"func{self.signature()} {self.block()}",
            lambda: f"{self.dice.choice(('T', '&T', 'S', '[]T', 'map[string]T', 'p.T', 'T[int]'))}{{{n()}: {e()}, {n()}: {{{e()}}}}}",
            lambda: f"new({self.dice.choice((self.type, e))()})",
            lambda: f"make({self.type()}, {e()})",
            lambda: f"append({self.values()}, {n()}...)",
            lambda: f"{self.type()}({e()})",
            lambda: self.dice.choice(("1", "0x1p-2", "'a'", '"a"', "`raw\n`", "nil", "true", "iota", '"%v %p"', "len(m)", "1i")),
        )

    def values(self) -> str:
        return ", ".join(self.expression() for _ in range(self.dice.randrange(1, 4)))

    def names(self) -> str:
        return ", ".join(self.name() for _ in range(self.dice.randrange(1, 3)))

    def name(self) -> str:
        return self.dice.choice(NAMES)

    def one(self, *ways: Callable[[], str], otherwise: Callable[[], str] | None = None) -> str:
        """One of the ways; at the bottom ``otherwise``."""
        self.depth += 1
        try:
            return (otherwise or self.name)() if self.depth > _DEPTH else self.dice.choice(ways)()
        finally:
            self.depth -= 1
