"""Go files to what the plans make of them: the patched files, the remedies, and the reasons for what is not patched."""

from pathlib import Path
from typing import NamedTuple

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.cli.patches import patches
from mapguard.cli.run import Session
from mapguard.cli.settings import Loaded, Settings
from mapguard.findings.model import Confidence
from mapguard.fix.diff import diff
from mapguard.fix.plan import Change

MODULE = "module example.com/m\n\ngo 1.22\n"


class Repaired(NamedTuple):
    """``remedies`` by map, ``failed`` by map, the files as they become, and the diff."""

    remedies: dict[str, str]
    failed: dict[str, str]
    files: dict[str, str]
    diff: str
    changes: tuple[Change, ...] = ()


def repaired(root: Path, files: dict[str, str], remedy: str = "") -> Repaired:
    """Everything that is found in some files of one module, patched."""
    for path, text in {"go.mod": MODULE, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    return repaired_tree(root, remedy)


def repaired_tree(root: Path, remedy: str = "", tests: bool = False) -> Repaired:
    """The same of a folder."""
    options = Options(paths=(root,), cache=False, jobs=1, tests=tests)
    found = [f for r in pipeline.repairs(options) for f, _ in r.proofs.values() if f.confidence is not Confidence.LOW]
    result = patches(Session(root, Loaded(Settings(), root), options), found, remedy)
    names = {f.fingerprint: f.map.name for f in found}
    return Repaired(
        {m.finding.map.name: m.plan.remedy for m in result.mended},
        {names[fingerprint]: why for fingerprint, why in result.failed.items()},
        {c.path: c.new.decode() for c in result.files},
        diff(result.files).decode(),
        result.files,
    )
