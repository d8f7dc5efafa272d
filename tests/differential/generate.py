"""A seed becomes a program: its text, the choices in it, and the verdict that they give."""

import random
import re
from typing import NamedTuple

from differential import starts, truth, wrappers
from differential.accesses import Access, access
from differential.guards import Guard, guard
from differential.objects import objects
from differential.orders import order
from differential.places import Place, first_fill, place
from differential.sketch import KEYS, Sketch, text
from differential.starts import Thread

SIDES = ("A", "B")
LOOPS = {"none": 1.0, "counted": 3, "three parts": 1, "over keys": 1}


class Program(NamedTuple):
    """``marks`` are the lines of each file that touch the map; the package clause and main's name are left to who writes the files."""

    seed: int
    files: dict[str, str]
    marks: dict[str, list[int]]
    choices: dict[str, str]
    races: bool

    @property
    def name(self) -> str:
        return f"p{self.seed}"


def program(seed: int, package: str = "main", entry: str = "main") -> Program:
    """The same seed gives the same program, but for its package's name and its entry's."""
    dice = random.Random(seed)
    s = Sketch(dice)
    where = place(s)
    writer = dice.choice((*SIDES, *SIDES, *SIDES, "neither"))  # the other side does either
    accesses = {side: access(s, side, True if side == writer else False if writer == "neither" else None) for side in SIDES}
    chains = {side: _chain(s, side) for side in SIDES}
    protection = guard(s, where, accesses)
    start = {side: s.choose(f"start {side}", starts.fitting(s)) for side in SIDES}
    counts = {side: starts.count(s, start[side]) for side in SIDES}
    given = objects(s, counts)
    for side in SIDES:
        no_object = not (given.main or given.outer[side])
        if (start[side] == "http handler" and given.outer[side]) or (start[side].startswith("go method") and no_object):
            start[side] = s.choices[f"start {side}"] = "go literal"
    arranged = order(s, start, counts, nested=not given.inner["A"] and not given.outer["A"])
    bodies = {side: _body(s, side, accesses[side], chains[side], protection) for side in SIDES}

    def threads_of(side: str, lines: list[str], right: bool) -> Thread:
        body = [*given.inner[side], *lines]
        return starts.thread(s, side, start[side], counts[side], given.outer[side], body, main_o=given.main, right=right)

    b = threads_of("B", arranged.b(bodies["B"]), True)
    a = threads_of("A", arranged.with_b(arranged.a(bodies["A"]), b), arranged.right_wait)
    threads = {"A": a, "B": b}
    main = [*_prepared(s, where, given.main), *arranged.main(threads["A"], threads["B"]), *_after(s, where, given.main)]
    for side in SIDES:
        s.choices[f"threads {side}"] = "1" if counts[side] == 1 else "more"
    files, marks = text(s, main, package, entry, dice)
    copies = {side: "value receiver" in chains[side] and s.choices.get(f"lock level {side}") != "around the calls" for side in SIDES}
    racy = truth.races(
        protection,
        {side: protection.touches(side, accesses[side]) for side in SIDES},
        copies,
        {"AA": given.aa, "BB": given.bb, "AB": given.ab},
        {
            **{side * 2: counts[side] > 1 and not threads[side].serial for side in SIDES},
            "AB": not arranged.ordered(threads["A"], threads["B"]),
        },
    )
    return Program(seed, files, marks, s.choices, racy)


def _chain(s: Sketch, side: str) -> list[str]:
    names = [s.choose(f"wrapper {side}", wrappers.fitting(s))]
    if names[0] != "direct" and s.dice.random() < 0.3:
        names.append(s.choose(f"wrapper {side} within", wrappers.fitting(s)))
    return names


def _body(s: Sketch, side: str, a: Access, chain: list[str], protection: Guard) -> list[str]:
    def reached(lines: list[str]) -> list[str]:
        for name in reversed(chain):
            lines = wrappers.wrapped(s, name, lines)
        return lines

    lines = protection.around(side, a, reached)
    keyed = bool(re.search(r"\$k\b", "\n".join(lines)))
    key = [f"$k := {s.dice.choice(KEYS[s.key])}"] if keyed else []
    rest = ["runtime.Gosched()"] if s.dice.random() < 0.5 else []
    times = s.dice.choice((20, 30, 50))
    match s.choose(f"loop {side}", LOOPS):
        case "none":
            return [*key, *lines]
        case "three parts":
            return [*key, f"for $j := 0; $j < {times}; $j++ {{", *lines, *rest, "}"]
        case "over keys" if keyed:
            return [f"for _, $k := range []{s.key}{{{', '.join(KEYS[s.key])}}} {{", *lines, *rest, "}"]
    return [*key, f"for range {times} {{", *lines, *rest, "}"]


def _prepared(s: Sketch, where: Place, main_o: bool) -> list[str]:
    """What main does before anything starts."""
    used = [f"_ = {name}" for name, _ in s.lock_locals]
    if (s.o_type and not main_o) or where.bracketed or s.choose("filled before", {"no": 1, "yes": 1}) == "no":
        return [*s.setup, *used]
    return [*s.setup, *used, first_fill(s)]


def _after(s: Sketch, where: Place, main_o: bool) -> list[str]:
    """What main does when all have ended."""
    if (s.o_type and not main_o) or where.bracketed or s.choose("read after", {"no": 2, "yes": 1}) == "no":
        return []
    return [f"_ = len({s.map})¤"]
