"""``python -m engine.measure FOLDER`` (in ``tests``): what the new analysis says of labelled programs.

FOLDER is one that ``python -m differential draw`` has written, or one of small modules with a WANT.txt each (REPORT or SILENT).
"""

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from differential import drawn
from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.evidence.proofs import Proofs
from mapguard.models.load import load
from mapguard.races.engine import judge_of


def reports(folder: Path) -> bool:
    """Whether the new analysis finds a race of medium or high confidence in the module at ``folder``."""
    options = Options(paths=(folder,), cache=False, jobs=1)
    models = load()
    with deep_stack():
        for _, program in pipeline.linked(options):
            if any(proof.confidence != "low" for proof in Proofs(judge_of(program, models), models).all()):
                return True
    return False


def _drawn(folder: Path) -> Counter[tuple[bool, bool]]:
    """How often a race was there, and reported. Each program is a module of its own."""
    counted: Counter[tuple[bool, bool]] = Counter()
    for case in drawn.read(folder):
        with tempfile.TemporaryDirectory() as alone:
            shutil.copytree(folder / "programs" / case.name, alone, dirs_exist_ok=True)
            shutil.copy(folder / "programs" / "go.mod", alone)
            counted[case.races, reports(Path(alone))] += 1
    return counted


def _cases(folder: Path) -> Counter[tuple[bool, bool]]:
    wanted = {want.parent: want.read_text("utf-8").startswith("REPORT") for want in sorted(folder.glob("*/WANT.txt"))}
    return Counter((racing, reports(case)) for case, racing in wanted.items())


def main() -> None:
    folder = Path(sys.argv[1])
    counted = _drawn(folder) if (folder / "cases.jsonl").exists() else _cases(folder)
    right = counted[True, True] + counted[False, False]
    racing, silent = counted[True, True] + counted[True, False], counted[False, True] + counted[False, False]
    print(f"right {right} of {counted.total()}; recall {counted[True, True] / racing:.1%}, silence {counted[False, False] / silent:.1%}")


if __name__ == "__main__":
    main()
