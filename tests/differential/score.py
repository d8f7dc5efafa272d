"""What mapguard says of labelled programs, against their labels: agreement, recall and silence, overall and by choice."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from differential.drawn import Case

ANALYZER = Path(__file__).parents[2] / "analyzer"
COMMAND = (sys.executable, "-m", "mapguard")


class Said(NamedTuple):
    """Findings in one program: on its map, and elsewhere."""

    on_map: bool
    elsewhere: bool


class Score(NamedTuple):
    """Counts of programs: racing and found, racing, silent and left alone, silent."""

    found: int
    racing: int
    left: int
    silent: int

    @property
    def programs(self) -> int:
        return self.racing + self.silent

    @property
    def agreement(self) -> float:
        return (self.found + self.left) / self.programs if self.programs else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.racing if self.racing else 1.0

    @property
    def silence(self) -> float:
        return self.left / self.silent if self.silent else 1.0


def scan(programs: Path, cases: Iterable[Case], command: Sequence[str] = COMMAND) -> dict[int, Said]:
    """One scan of all programs; its findings by program."""
    done = subprocess.run(
        [*command, "scan", "--no-cache", "--format", "json", "--quiet", str(programs)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ANALYZER)},
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the scan ended with {done.returncode}: {done.stderr[-2000:]}")
    lines: dict[str, list[list[tuple[str, int]]]] = defaultdict(list)
    for finding in json.loads(done.stdout)["findings"]:
        racing = [(Path(a["path"]), a["line"]) for a in finding["accesses"]]
        for name in {path.parent.name for path, _ in racing}:
            lines[name].append([(path.name, line) for path, line in racing if path.parent.name == name])
    return {case.seed: _said(case, lines[case.name]) for case in cases}


def scan_alone(programs: Path, case: Case, command: Sequence[str] = COMMAND) -> Said:
    """What is said of one program when no other is beside it."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(programs / case.name, Path(folder) / case.name)
        shutil.copy(programs / "go.mod", folder)
        return scan(Path(folder), [case], command)[case.seed]


def _said(case: Case, findings: list[list[tuple[str, int]]]) -> Said:
    on_map = [any(line in case.marks.get(file, ()) for file, line in places) for places in findings]
    return Said(any(on_map), not all(on_map))


def right(case: Case, said: Said) -> bool:
    """Found where it races, and on its map; nothing at all where it does not."""
    return said.on_map if case.races else not (said.on_map or said.elsewhere)


def score(cases: Iterable[Case], said: dict[int, Said]) -> Score:
    found = racing = left = silent = 0
    for case in cases:
        if case.races:
            racing += 1
            found += right(case, said[case.seed])
        else:
            silent += 1
            left += right(case, said[case.seed])
    return Score(found, racing, left, silent)


def by_choice(cases: Iterable[Case]) -> dict[tuple[str, str], list[Case]]:
    """The cases of each value of each choice; a choice that each side has counts for both."""
    grouped: dict[tuple[str, str], dict[int, Case]] = defaultdict(dict)
    for case in cases:
        for choice, value in case.choices.items():
            grouped[_without_side(choice), value][case.seed] = case
    return {key: list(group.values()) for key, group in sorted(grouped.items())}


def _without_side(choice: str) -> str:
    return " ".join(part for part in choice.split() if part not in ("A", "B", "within"))


def table(cases: list[Case], said: dict[int, Said]) -> str:
    """Markdown: one line for each value, the worst of each choice first."""
    head = ["| choice | value | programs | agreement | recall | of racing | silence | of silent |", "|---|---|--:|--:|--:|--:|--:|--:|"]
    rows = [("all", "", score(cases, said))]
    scored = [(choice, value, score(group, said)) for (choice, value), group in by_choice(cases).items()]
    rows += sorted(scored, key=lambda row: (row[0], row[2].agreement, row[1]))
    return "\n".join(head + [_row(*row) for row in rows])


def _row(choice: str, value: str, s: Score) -> str:
    cells = [choice, value, str(s.programs), _percent(s.agreement), _percent(s.recall), str(s.racing), _percent(s.silence), str(s.silent)]
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    return f"{share:.0%}"
