"""A tree without go.mod to one with a module, whose path is the prefix under which the tree's packages import each other.

Repositories from before modules lie at ``$GOPATH/src/<import path>``; nothing in them names that path but their imports.
"""

from collections import Counter
from collections.abc import Iterable, Set

import msgspec

from mapguard.frontend.extract import Loaded
from mapguard.frontend.gomod import Module
from mapguard.frontend.siblings import imports
from mapguard.frontend.tree import SourceFile, Tree

_AT_LEAST = 2  # so many folders must be imported under the same prefix


def placed(tree: Tree, loaded: list[Loaded]) -> tuple[Tree, list[Loaded]]:
    """The tree and its files with import paths; unchanged when there are modules or the prefix cannot be inferred."""
    if tree.modules:
        return tree, loaded
    root = root_path({path for _, source in loaded for path in imports(source)}, {file.folder for file, _ in loaded})
    if not root:
        return tree, loaded

    def moved(file: SourceFile) -> SourceFile:
        return msgspec.structs.replace(file, package_path=f"{root}/{file.folder}".rstrip("/"))

    files = tuple(moved(file) for file in tree.files)
    module = (Module("", root),)
    return Tree(tree.root, tree.boundary, module, files, tree.gaps, tree.mark, tree.alone, tree.named, overlay=tree.overlay), [
        (moved(file), source) for file, source in loaded
    ]


def root_path(paths: Iterable[str], folders: Set[str]) -> str:
    """The import path below which most of the imported packages are ``folders``; "" when too few are."""
    votes: Counter[str] = Counter()
    for path in paths:
        parts = path.split("/")
        if "." in parts[0]:
            votes.update("/".join(parts[:n]) for n in range(1, len(parts)) if "/".join(parts[n:]) in folders)
    best = max(votes.items(), key=lambda vote: (vote[1], -len(vote[0]), vote[0]), default=("", 0))
    return best[0] if best[1] >= _AT_LEAST else ""
