"""A set of labelled programs in a folder: drawn once, scored as often as the analysis changes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from differential.generate import Program, program
from differential.label import Label, labels
from differential.tree import write_commands

_TOGETHER = 250  # programs in one binary


class Case(NamedTuple):
    """A program whose label can be trusted: the race detector says what its choices say."""

    seed: int
    races: bool
    choices: dict[str, str]
    marks: dict[str, list[int]]

    @property
    def name(self) -> str:
        return f"p{self.seed}"


def verdict(p: Program, label: Label) -> str:
    """kept, or why the program is dropped."""
    match label.word:
        case "race" if not p.races:
            return "races against its choices"
        case "silent" if p.races:
            return "never seen to race"
        case "race" | "silent":
            return "kept"
    return label.word


def draw(first: int, count: int, folder: Path, told: Callable[[str], None] = lambda _: None) -> tuple[list[Case], Counter[str]]:
    """Programs of the seeds from ``first`` on, written and labelled; what was dropped is counted and its programs are not kept."""
    cases: list[Case] = []
    sorted_out: Counter[str] = Counter()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "dropped.jsonl").open("w", encoding="utf-8") as dropped:
        for start in range(first, first + count, _TOGETHER):
            programs = [program(seed) for seed in range(start, min(start + _TOGETHER, first + count))]
            labelled = labels(programs)
            kept = []
            for p in programs:
                why = verdict(p, labelled[p.seed])
                sorted_out[why] += 1
                if why == "kept":
                    kept.append(p)
                    cases.append(Case(p.seed, p.races, p.choices, p.marks))
                else:
                    dropped.write(json.dumps({"seed": p.seed, "why": why, "choices": p.choices}) + "\n")
            write_commands(kept, folder / "programs")
            told(f"{start + len(programs) - first} of {count}")
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(case._asdict()) + "\n" for case in cases)
    return cases, sorted_out


def read(folder: Path) -> list[Case]:
    """The cases that were drawn into the folder."""
    return [Case(**json.loads(line)) for line in (folder / "cases.jsonl").read_text("utf-8").splitlines()]
