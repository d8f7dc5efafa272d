"""The modules of a repository to components: groups of modules that are built together and so may share memory.

A workspace, a local replacement, or one module that requires another connects them. Each component is analysed by itself, so that its
findings are the same whichever of its paths was asked for.
"""

from collections.abc import Iterable

from mapguard.frontend.gomod import Module


def components(modules: Iterable[Module], workspaces: Iterable[Iterable[str]]) -> dict[str, str]:
    """Maps the folder of each module to the first folder of its component. ``workspaces`` are the folders that each go.work uses."""
    ordered = sorted(modules)
    parent = {module.dir: module.dir for module in ordered}

    def top(folder: str) -> str:
        while parent[folder] != folder:
            parent[folder] = folder = parent[parent[folder]]
        return folder

    def join(a: str, b: str) -> None:
        first, second = sorted((top(a), top(b)))
        parent[second] = first

    by_path: dict[str, list[str]] = {}
    for module in ordered:
        by_path.setdefault(module.path, []).append(module.dir)
    for module in ordered:
        for path in (*module.requires, *(path for path, _ in module.replaces)):
            for other in by_path.get(path, ()):
                join(module.dir, other)
        for _, folder in module.replaces:
            if folder in parent:
                join(module.dir, folder)
    for used in workspaces:
        known = [folder for folder in used if folder in parent]
        for folder in known[1:]:
            join(known[0], folder)
    return {folder: top(folder) for folder in parent}
