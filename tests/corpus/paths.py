"""Holds ``scan PATH`` to its promise on a repository: what ``scan .`` finds, the package and the file of each racing access find too.

    python tests/corpus/paths.py REPOSITORY [FOLDER]

REPOSITORY is its top folder; FOLDER in it (default: all) is scanned as a whole. Prints the figures;
exits with 1 where a finding is missing or another one.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ANALYZER = Path(__file__).parents[2] / "analyzer"


def scanned(root: Path, path: str, cache: Path) -> dict[str, dict[str, Any]]:
    """The findings of every confidence by fingerprint."""
    command = [sys.executable, "-m", "mapguard", "scan", path, "--format", "json", "--min-confidence", "low", "--cache-dir", str(cache)]
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(ANALYZER)}, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path}: {done.stderr.decode()}")
    return {f["fingerprint"]: f for f in json.loads(done.stdout)["findings"]}


def places(finding: dict[str, Any]) -> set[str]:
    """The files and packages in which a scan has to find it."""
    files = {access["path"] for access in finding["accesses"][: finding["racing"]]}
    if finding["map"]["declared"] is not None:
        files.add(finding["map"]["declared"]["path"])
    return files | {path.rpartition("/")[0] or "." for path in files}


def missing(root: Path, folder: str = ".") -> tuple[int, int, list[str]]:
    """Findings of the whole scan, paths scanned for them, and what was missing or told otherwise."""
    with tempfile.TemporaryDirectory() as cache:
        whole = scanned(root, folder, Path(cache))
        expected: dict[str, set[str]] = {}
        for mark, finding in whole.items():
            for path in places(finding):
                expected.setdefault(path, set()).add(mark)
        wrong = []
        for path in sorted(expected):
            found = scanned(root, path, Path(cache))
            wrong += [f"{path}: {mark}" for mark in sorted(expected[path]) if found.get(mark) != whole[mark]]
            wrong += [f"{path}: {mark} is new" for mark in sorted(set(found) - set(whole))] if folder == "." else []
    return len(whole), len(expected), wrong


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    findings, paths, wrong = missing(root, sys.argv[2] if len(sys.argv) > 2 else ".")
    print(f"{root.name}: {findings} findings, {paths} packages and files scanned, {len(wrong)} missing or different")
    print("".join(f"  {line}\n" for line in wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
