"""``python -m ablation``: switches parts of the analysis off in turn and prints those that nothing notices.

cd tests
python -m ablation --list
python -m ablation --kind limit                      # the fixtures alone: seconds for each
python -m ablation --package races --all-tests       # and every other test for what the fixtures do not notice: minutes for each
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from ablation.noticed import SECONDS, TESTS, Said, differing, failing_test, said, said_without
from ablation.switches import KINDS, Switch, switches


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ablation")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--package", help="of the analysis, or a module of it")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--all-tests", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(said_without(Switch(*arguments.one))))
        return
    chosen = [s for s in switches() if arguments.kind in (None, s.kind)]
    if arguments.package:
        chosen = [s for s in chosen if f".{arguments.package}." in s.name.replace(":", ".")]
    if arguments.list:
        print("\n".join(f"{s.kind} {s.name}" for s in chosen))
        return
    before = said()
    survivors = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for switch, noticed in zip(chosen, pool.map(lambda s: _noticed(before, s), chosen), strict=True):
            told = noticed or (failing_test(switch) if arguments.all_tests else "")
            survivors += not told
            print(f"{switch.kind} {switch.name}: {told or 'NOTHING'}", flush=True)
    print(f"{survivors} of {len(chosen)} are noticed by nothing")


def _noticed(before: Said, switch: Switch) -> str:
    """In a process of its own: what is off may end it."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ablation", "--one", *switch],
            capture_output=True,
            text=True,
            check=False,
            cwd=TESTS,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if done.returncode:
        return "ends with " + done.stderr.strip().rpartition("\n")[2]
    folders = differing(before, json.loads(done.stdout))
    return f"{len(folders)} fixtures, {folders[0]} first" if folders else ""


main()
