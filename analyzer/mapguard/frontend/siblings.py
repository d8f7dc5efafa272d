"""Imports of packages that are not scanned to the files of these packages, which are read for their types, and a digest of those files."""

import re

from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.frontend.cache import digest
from mapguard.frontend.extract import Loaded
from mapguard.frontend.source import read
from mapguard.frontend.tree import SourceFile, Tree

_IMPORT_BLOCK = re.compile(rb"^import\s*\(", re.MULTILINE)
_IMPORT_LINE = re.compile(rb'^import\s+(?:[\w.]+\s+)?"([^"\n]+)"', re.MULTILINE)
_PATH = re.compile(rb'"([^"\n]+)"')
FILE_LIMIT = 6000  # files that are read for types only


def read_siblings(tree: Tree, loaded: list[Loaded], options: Options) -> tuple[list[Loaded], bytes]:
    """Files of imported packages that are not scanned: the direct imports, and what siblings of the same root import in turn.

    The digest changes whenever another run would read other bytes.
    """
    known = {file.package_path for file, _ in loaded}
    asked: set[str] = set(known)
    pending = [(path, file) for file, source in loaded for path in imports(source)]
    found: list[Loaded] = []
    while pending and len(found) < FILE_LIMIT:
        path, importer = pending.pop()
        if path in asked or ("." not in path.split("/", 1)[0] and not _local(tree, path)):
            continue
        asked.add(path)
        for file in tree.package_files(path, importer):
            source = read(file, options)
            if isinstance(source, Gap):
                continue
            found.append((file, source))
            if "/vendor/" not in f"/{file.path}":  # vendored packages are read for the tree's own imports only
                pending.extend((p, file) for p in imports(source))
    found.sort(key=lambda pair: pair[0].path)
    return found, digest(*(part for file, source in found for part in (file.path.encode(), source)))


def _local(tree: Tree, path: str) -> bool:
    return any(path == m.path or path.startswith(m.path + "/") for m in tree.modules)


def imports(source: bytes) -> list[str]:
    """The import paths in a file, found without parsing it."""
    found = [m[1] for m in _IMPORT_LINE.finditer(source)]
    block = _IMPORT_BLOCK.search(source)
    while block is not None:
        end = source.find(b")", block.end())
        if end < 0:
            break
        found.extend(m[1] for m in _PATH.finditer(source, block.end(), end))
        block = _IMPORT_BLOCK.search(source, end)
    return [p.decode("utf-8", "replace") for p in found]


__all__ = ["SourceFile", "imports", "read_siblings"]
