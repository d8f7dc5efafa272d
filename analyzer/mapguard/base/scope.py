"""The paths that a run was asked about: a filter over what it reads."""

import msgspec


class Scope(msgspec.Struct, frozen=True):
    """``folders`` mean all below them ("" is the root), ``files`` themselves; both relative to the root."""

    folders: tuple[str, ...] = ("",)
    files: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return "" in self.folders

    def has(self, path: str) -> bool:
        return path in self.files or any(not folder or path.startswith(folder + "/") for folder in self.folders)
