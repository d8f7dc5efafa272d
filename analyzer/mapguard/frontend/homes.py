"""The path of a file to its module and to the import path of its package."""

from mapguard.frontend.gomod import Module


class Homes:
    """The modules of a run by their folders."""

    def __init__(self, modules: tuple[Module, ...]) -> None:
        self._by_dir = {module.dir: module for module in modules}

    def of(self, path: str) -> Module | None:
        """The module that a file belongs to: the innermost around it."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self._by_dir:
                return self._by_dir[folder]
        return None

    def package_path(self, path: str) -> str:
        """The import path of a file's folder; vendored packages keep theirs."""
        folder = path.rpartition("/")[0]
        vendored = f"/{folder}/".rpartition("/vendor/")[2].strip("/") if "/vendor/" in f"/{folder}/" else ""
        if vendored:
            return vendored
        module = self.of(path)
        if module is None:
            return folder or "main"
        below = folder[len(module.dir) :].strip("/")
        return f"{module.path}/{below}" if below else module.path

    def ignored(self, path: str) -> bool:
        """Whether the module's go.mod leaves the file out."""
        module = self.of(path)
        if module is None or not module.ignores:
            return False
        below = path[len(module.dir) :].strip("/")
        for pattern in module.ignores:
            if pattern.startswith("./"):
                if below.startswith(pattern[2:].rstrip("/") + "/"):
                    return True
            elif f"/{pattern.strip('/')}/" in f"/{below}":
                return True
        return False
