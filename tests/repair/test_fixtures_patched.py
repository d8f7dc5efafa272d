"""Race-proved packages are patched and proved again: the driver that raced passes under the race detector.

An ordinary run takes every eighth package; with ``MAPGUARD_ALL_PATCHES=1`` all are taken, which is a matter of an hour.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from expect import DRIVER, fixtures
from repair.repaired import Repaired, repaired_tree
from test_race_proofs import ROOT, go_in, outputs_of, raced
from toolchain import RACE_DETECTOR

DRIVEN = [f for f in fixtures(ROOT) if f.kind in ("REPORT", "TESTS") and (f.kind == "TESTS" or (ROOT / f.name / DRIVER).exists())]
_STEP = 1 if os.environ.get("MAPGUARD_ALL_PATCHES") else 8
_LEAST = 0.75  # of the packages: what cannot be patched says why
_MEANT = re.compile(r"lock by value|copies lock value|WaitGroup\.Add called from inside new goroutine")

_OTHER_RACES = {  # that are not of the map, or not of the package
    "sharing/registeredlate": "the driver sets the variable that holds the map",
    "sharing/resultpartkept": "the variable that leads to the object of the map is set and read too",
}

_WRONG = {  # patches that are not right, because the scan that confirms them misses what is left
    "accesses/newstruct": "the struct is copied with its map, and each copy has a mutex of its own",
    "guards/otherunlocks": "a goroutine waits for the lock that is given up only after it",
    "guards/unlockonly": "the lock that one function only gives up is not taken there: a new one is, which the tests do not take",
    "ordering/quorum": "the map is ranged over while late goroutines still write",
}

pytestmark = RACE_DETECTOR


def patched(name: str, tests: bool, folder: Path) -> Repaired:
    """One package by itself, as the plans leave it."""
    shutil.copytree(ROOT / name, folder / name)
    shutil.copytree(ROOT / "_stubs", folder / "_stubs")
    shutil.copy(ROOT / "go.mod", folder / "go.mod")
    return repaired_tree(folder, tests=tests)


def test_patched_packages_race_no_more(tmp_path: Path) -> None:
    tree = tmp_path / "patched"
    shutil.copytree(ROOT, tree)
    done: list[str] = []
    taken = [f for f in DRIVEN if f.name not in _WRONG][::_STEP]
    for number, fixture in enumerate(taken):
        found = patched(fixture.name, fixture.kind == "TESTS", tmp_path / str(number))
        assert all(found.failed.values()), fixture.name
        if found.remedies and not found.failed:
            for change in found.changes:
                (tree / change.path).write_bytes(change.new)
            done.append(fixture.name)
        shutil.rmtree(tmp_path / str(number))
    packages = [f"./{name}" for name in done]
    formatted = subprocess.run(["gofmt", "-l", *done], cwd=tree, capture_output=True, text=True, check=True)
    assert formatted.stdout == ""
    told = [line for line in go_in(tree, "vet", packages=packages).stderr.splitlines() if line and not line.startswith("#")]
    assert [line for line in told if not _MEANT.search(line)] == []
    results = outputs_of(tree, packages)
    wrong = {
        name: results[name][0][-2000:] for name in done if name not in _OTHER_RACES and (raced(results[name][0]) or not results[name][1])
    }
    assert not wrong, wrong
    assert len(done) >= _LEAST * len(taken), sorted({f.name for f in taken} - set(done))
