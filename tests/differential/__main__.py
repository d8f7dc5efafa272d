"""``python -m differential``: draw labelled programs, score the analysis on them, look at one.

cd tests
python -m differential draw DIR --count 2000 --seed 1     # writes and labels them (needs Go and a C compiler)
python -m differential score DIR                          # scans them, prints the table, writes DIR/wrong
python -m differential show 17                            # the program of one seed, with its choices
"""

import argparse
import json
import random
import shlex
import shutil
import sys
from pathlib import Path

from differential import drawn
from differential.generate import program
from differential.score import COMMAND, Said, right, scan, scan_alone, score, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m differential")
    commands = parser.add_subparsers(required=True)
    draw = commands.add_parser("draw", help="write programs and label them with the race detector")
    draw.add_argument("folder", type=Path)
    draw.add_argument("--count", type=int, default=2000)
    draw.add_argument("--seed", type=int, required=True, help="of the first program; the others count on from it")
    draw.set_defaults(run=_draw)
    scored = commands.add_parser("score", help="scan the programs of a folder and compare")
    scored.add_argument("folder", type=Path)
    scored.add_argument("--command", default=shlex.join(COMMAND), help="the analysis: what 'scan' is put after")
    scored.add_argument("--alone", type=int, default=0, metavar="N", help="scan N of them on their own too: each must be said the same of")
    scored.set_defaults(run=_score)
    show = commands.add_parser("show", help="print the program of a seed")
    show.add_argument("seed", type=int)
    show.set_defaults(run=_show)
    arguments = parser.parse_args()
    arguments.run(arguments)


def _draw(arguments: argparse.Namespace) -> None:
    cases, sorted_out = drawn.draw(arguments.seed, arguments.count, arguments.folder, lambda line: print(line, file=sys.stderr))
    print(", ".join(f"{count} {why}" for why, count in sorted_out.most_common()))
    print(f"{sum(case.races for case in cases)} of {len(cases)} race")


def _score(arguments: argparse.Namespace) -> None:
    cases, command = drawn.read(arguments.folder), shlex.split(arguments.command)
    programs = arguments.folder / "programs"
    said = scan(programs, cases, command)
    print(table(cases, said))
    total = score(cases, said)
    print(f"\nagreement {total.agreement:.1%} recall {total.recall:.1%} silence {total.silence:.1%} of {total.programs} programs")
    _write_wrong([case for case in cases if not right(case, said[case.seed])], said, arguments.folder)
    sample = random.Random(0).sample(cases, min(arguments.alone, len(cases)))
    differing = [case.name for case in sample if scan_alone(programs, case, command) != said[case.seed]]
    if sample:
        print(f"said otherwise alone: {len(differing)} of {len(sample)} {' '.join(differing)}")


def _write_wrong(wrong: list[drawn.Case], said: dict[int, Said], folder: Path) -> None:
    """Each disagreement as a folder with the program, its choices and both verdicts."""
    shutil.rmtree(folder / "wrong", ignore_errors=True)
    for case in wrong:
        kind = "missed" if case.races else "false"
        place = folder / "wrong" / kind / case.name
        shutil.copytree(folder / "programs" / case.name, place)
        told = {"race detector": "race" if case.races else "silent", "mapguard": said[case.seed]._asdict(), "choices": case.choices}
        (place / "WHY.json").write_text(json.dumps(told, indent=1) + "\n")


def _show(arguments: argparse.Namespace) -> None:
    p = program(arguments.seed)
    print(json.dumps({"races": p.races, "marks": p.marks, "choices": p.choices}, indent=1))
    for name, text in p.files.items():
        print(f"// {name}\n{text}")


main()
