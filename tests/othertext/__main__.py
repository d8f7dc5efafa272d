"""``python -m othertext MODULE``: rewrites a module every way, scans each copy, and prints what is said otherwise.

cd tests
python -m othertext fixtures
python -m othertext DIR/programs --kind rename --seed 3      # programs drawn by python -m differential
"""

import argparse
import tempfile
from pathlib import Path

from othertext.compare import differences, verdicts
from othertext.rewriting import KINDS, plain, rewrite


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m othertext")
    parser.add_argument("module", type=Path)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="each difference, not only their number")
    arguments = parser.parse_args()
    print("| text | folders changed | found or silent changed | findings changed |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        before = verdicts(plain(arguments.module, Path(folder) / "plain"))
        for kind in arguments.kind or KINDS:
            copy = rewrite(kind, arguments.seed, arguments.module, Path(folder) / kind)
            changed = differences(before, verdicts(Path(folder) / kind, copy))
            rewritten = sum(count > 0 for count in copy.changes.values())
            print(f"| {kind} | {rewritten} | {sum(d.flipped for d in changed)} | {len(changed)} |", flush=True)
            if arguments.show:
                print("\n".join(f"    {d.show()}" for d in changed))


main()
