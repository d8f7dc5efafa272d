"""A finding to the changes that an editor offers: the patch of ``fix``, the declared guard, the comment that silences it."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lsprotocol import types

from mapguard.cli.options import NOTHING_GIVEN
from mapguard.cli.patches import patches
from mapguard.cli.run import session
from mapguard.findings.model import Finding
from mapguard.fix import remedies
from mapguard.fix.edit import EditError
from mapguard.fix.plan import Change, changes
from mapguard.fix.shape import GoFile
from mapguard.lsp.scans import over
from mapguard.report.source import SourceLines

REASON = "say why this is safe"
KINDS = {"fix": "Fix: what mapguard fix would do", "declare-guard": "Declare the guard of the map", "ignore": "Silence this finding"}


def edit(kind: str, finding: Finding, folder: Path, buffers: Mapping[Path, str]) -> types.WorkspaceEdit:
    """The changes, on the files as the editor has them. An ``EditError`` says why there are none."""
    with session((folder,), NOTHING_GIVEN) as plain:
        s = over(plain, buffers)
        source = SourceLines(s.root, s.options.overlay)
        if kind == "fix":
            result = patches(s, [finding])
            if finding.fingerprint in result.failed:
                raise EditError(result.failed[finding.fingerprint])
            made = result.files
        elif kind == "ignore":
            path, _ = remedies.place_to_ignore(finding)
            made = changes([remedies.ignore([finding], GoFile(path, source.data(path)), REASON)], source.data)
        else:
            path = finding.map.declared.path if finding.map.declared is not None else finding.accesses[0].path
            made = changes([remedies.declare_guard(finding, GoFile(path, source.data(path)))], source.data)
    return types.WorkspaceEdit(changes={(s.root / change.path).as_uri(): list(_edits(change)) for change in made})


def _edits(change: Change) -> Iterator[types.TextEdit]:
    """Whole lines: no column has to be counted."""
    old = (change.old or b"").decode("utf-8", "replace").splitlines(keepends=True)
    new = change.new.decode("utf-8", "replace").splitlines(keepends=True)
    for tag, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            span = types.Range(types.Position(first, 0), types.Position(last, 0))
            yield types.TextEdit(span, "".join(new[start:end]))
