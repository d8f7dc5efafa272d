"""A git revision to the configuration as it was there, with the files that it names: a change has no say in how it is judged."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mapguard.base.errors import UsageError
from mapguard.cli import configfile
from mapguard.cli.settings import Loaded, Settings
from mapguard.git.place import find
from mapguard.git.program import GitError
from mapguard.git.repository import Repository, opened


class Revision:
    """Files of a commit, laid out in ``folder`` one by one as they are asked for."""

    def __init__(self, repository: Repository, rev: str, folder: Path) -> None:
        self.folder = folder.resolve()
        self.name = rev if len(rev) < 40 else rev[:12]
        self._top = repository.place.top
        self._repository = repository
        commit = repository.commit(rev)
        if not commit:
            raise UsageError(f"--config-from: no such revision: {rev}")
        self._files = repository.files(commit)

    def has(self, file: Path) -> bool:
        return self._path(file) in self._files

    def file(self, file: Path) -> Path:
        """The file as it was. One outside the repository is taken as it is; one that was not there is a ``UsageError``."""
        path = self._path(file)
        if not path:
            return file
        if path not in self._files:
            raise UsageError(f"there is no {path} in {self.name}")
        laid = self.folder / path
        if not laid.exists():
            content = self._repository.contents([self._files[path]])[self._files[path]]
            if content is None:
                raise UsageError(f"{path} of {self.name} is too large")
            laid.parent.mkdir(parents=True, exist_ok=True)
            laid.write_bytes(content)
        return laid

    def _path(self, file: Path) -> str:
        absolute = Path(os.path.normpath(Path.cwd() / file))
        return absolute.relative_to(self._top).as_posix() if absolute.is_relative_to(self._top) else ""


@contextmanager
def revision(root: Path, rev: str) -> Iterator[Revision]:
    """The revision that ``rev`` names in the repository of ``root``."""
    try:
        with opened(find(root)) as repository, tempfile.TemporaryDirectory(prefix="mapguard-") as folder:
            yield Revision(repository, rev, Path(folder))
    except GitError as error:
        raise UsageError(f"--config-from needs a git repository with this revision: {error}") from error


def load(at: Revision, root: Path, chosen: Path | None) -> Loaded:
    """The settings of the ``chosen`` file, else of the one at the root, as they were; the defaults where there was none."""
    present = [chosen] if chosen is not None else [root / name for name in configfile.NAMES if at.has(root / name)]
    if not present:
        return Loaded(Settings(), root, revision=at.name)
    if len(present) > 1:
        raise UsageError(f"there are two configuration files, {' and '.join(configfile.NAMES)}: keep one")
    loaded = configfile.load(root, at.file(present[0]))
    home = Path(os.path.normpath(Path.cwd() / present[0])).parent
    for name in (*loaded.settings.models, *([loaded.settings.baseline] if loaded.settings.baseline else [])):
        at.file(home / name)
    return Loaded(loaded.settings, loaded.folder, loaded.file, revision=at.name, tree=home)
