"""A requested path to the repository, workspace or module around it, which a run on that path reads."""

import os
from pathlib import Path

import msgspec

from mapguard.base.errors import UsageError
from mapguard.frontend.gomod import has_module, read_module, read_work

_LEVELS = 8


class Home(msgspec.Struct, frozen=True):
    """``root``: the folder that the paths of a report are relative to. ``whole``: everything below it is read (not around a stray file)."""

    root: Path
    whole: bool


def home_of(start: Path) -> Home:
    """The git top level around ``start``, else the outermost workspace or module connected with its module, else its folder."""
    at = start.resolve()
    at = at if at.is_dir() else at.parent
    for folder in (at, *at.parents):
        if (folder / ".git").exists():
            return Home(folder, True)
    module = next((folder for folder in (at, *_above(at)) if _has_file(folder / "go.mod")), None)
    around = module if module is not None else at
    root = module
    for folder in _above(around, _LEVELS):
        if _uses(folder, around) or (module is not None and _connected(folder, module)):
            root = folder
    if root is None and _has_file(at / "go.work"):
        root = at
    return Home(root, True) if root is not None else Home(at, False)


def find_root(start: Path) -> Path:
    """The folder that the paths of a report on ``start`` are relative to."""
    return home_of(start).root


def find_boundary(root: Path) -> Path:
    """The outermost folder around ``root`` that holds a go.mod or go.work; ``root`` itself where there is none."""
    found = root
    for folder in _above(root, _LEVELS):
        if _has_file(folder / "go.mod") or _has_file(folder / "go.work"):
            found = folder
    return found


def start_of(path: Path) -> Path:
    """A path or Go pattern to an existing file or folder; a plain folder means everything below it too."""
    text = str(path)
    if text == "..." or text.endswith(("/...", os.sep + "...")):
        path = Path(text[:-3] or ".")
    if not path.exists():
        raise UsageError(f"no such file or folder: {path}")
    _check_inside(path)
    return path


def _check_inside(path: Path) -> None:
    """Refuses a link that leads out of the repository: otherwise the author of the repository would choose what is scanned."""
    written = Path(os.path.normpath(Path.cwd() / path))
    for folder in reversed((written, *written.parents)):
        if (folder / ".git").exists():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise UsageError(f"{path} leads out of the repository {folder} by a symbolic link; name the place that it leads to")
            return


def _above(folder: Path, levels: int | None = None) -> list[Path]:
    """The parent folders, up to the first where another user could have placed a go.mod to widen what is read."""
    found: list[Path] = []
    try:
        owner = folder.stat().st_uid
        for parent in list(folder.parents)[:levels]:
            stat = parent.stat()
            if stat.st_uid != owner or stat.st_mode & 0o002:
                break
            found.append(parent)
    except OSError:
        pass
    return found


def _has_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return False


def _uses(folder: Path, inner: Path) -> bool:
    """Whether a workspace in ``folder`` uses a module at, around or below ``inner``."""
    below = inner.relative_to(folder).as_posix()
    return any(below == used or below.startswith(used + "/") or used.startswith(below + "/") for used in read_work(folder, ""))


def _connected(folder: Path, inner: Path) -> bool:
    """Whether the modules of two folders, one inside the other, require or replace each other."""
    if not has_module(folder):
        return False
    outer_module, inner_module = read_module(folder, ""), read_module(inner, inner.relative_to(folder).as_posix())
    if outer_module is None or inner_module is None:
        return False
    return outer_module.names(inner_module) or inner_module.names(outer_module)
