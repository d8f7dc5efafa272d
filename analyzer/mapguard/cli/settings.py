"""What the configuration file and the command line say, as one value: the file first, then what was given on the command line."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from mapguard.base.errors import UsageError
from mapguard.base.options import Options
from mapguard.findings.model import Confidence
from mapguard.findings.select import PathRule, Selection

Gate = Literal["error", "warning", "note", "none"]
Words = tuple[str, ...]

# lists of the command line come after those of the file; everything else replaces the file's value
_ADDED = frozenset(["disable", "exclude", "models"])


class PathSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """``[[path]]``: other rules for the files that ``glob`` (gitignore syntax, from the root) matches."""

    glob: str | Words
    disable: Words = ()
    min_confidence: Confidence | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The keys of mapguard.toml. ``models`` are files, ``model`` entries in the format of such a file."""

    version: Literal[1] = 1
    paths: Words = ()
    fail_on: Gate = "warning"
    min_confidence: Confidence = Confidence.MEDIUM
    rules: Words = ()
    disable: Words = ()
    tests: bool = False
    generated: bool = False
    tags: Words = ()
    goos: str = "linux"
    goarch: str = "amd64"
    exclude: Words = ()
    models: Words = ()
    model: dict[str, Any] | tuple[dict[str, Any], ...] = ()
    baseline: str = ""
    new_from_rev: str = ""
    strict: bool = False
    path: tuple[PathSettings, ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """Settings and where they come from: file names in them are relative to ``folder``. ``file`` is None without a file.

    ``revision`` is where the file was taken from when that is not the tree itself, and ``tree`` then its folder there.
    """

    settings: Settings
    folder: Path
    file: Path | None = None
    revision: str = ""
    tree: Path | None = None

    @property
    def shown(self) -> str:
        """What reports call it: nothing without a file."""
        if self.file is None:
            return f"none in {self.revision}" if self.revision else ""
        return f"{self.file.name} of {self.revision}" if self.revision else self.file.name

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.file.name if self.file is not None else "configuration"


def given(settings: Settings, values: dict[str, Any]) -> Settings:
    """``settings`` with what the command line gave; a value of None was not given."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None:
            changed[name] = (*getattr(settings, name), *value) if name in _ADDED else value
    return msgspec.structs.replace(settings, **changed)


def in_words(settings: Settings) -> dict[str, str]:
    """The settings that differ from the defaults, for people: a list with commas, the number of models, a line for each path."""
    default = Settings()
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if value != getattr(default, field.name):
            found[field.encode_name] = _word(value)
    return found


def _word(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case PathSettings():
            globs = value.glob if isinstance(value.glob, str) else ", ".join(value.glob)
            parts = [f"disable {', '.join(value.disable)}" if value.disable else ""]
            parts.append(f"min-confidence {value.min_confidence}" if value.min_confidence is not None else "")
            return f"{globs}: {', '.join(part for part in parts if part) or 'nothing'}"
        case dict():
            return "1 file of models"
        case (dict(), *_):
            return f"{len(value)} models" if len(value) != 1 else "1 model"
        case (PathSettings(), *_):
            return "; ".join(map(_word, value))
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def selection(settings: Settings) -> Selection:
    """Which findings are wanted."""
    paths = tuple(PathRule((p.glob,) if isinstance(p.glob, str) else p.glob, p.disable, p.min_confidence) for p in settings.path)
    return Selection(least=settings.min_confidence, rules=settings.rules, disabled=settings.disable, paths=paths)


def options(
    settings: Settings,
    paths: tuple[Path, ...],
    models: Iterable[Path],
    *,
    jobs: int | None,
    cache: bool,
    cache_dir: Path | None,
    timeout: float | None,
    max_memory: float | None,
    debug: bool,
) -> Options:
    """What the analysis is asked to do; ``models`` are the model files as found on disk."""
    return Options(
        paths=paths or (Path(),),
        tests=settings.tests,
        generated=settings.generated,
        tags=tuple(sorted(set(settings.tags))),
        goos=settings.goos,
        goarch=settings.goarch,
        exclude=settings.exclude,
        jobs=jobs or cores(),
        cache=cache,
        cache_dir=cache_dir,
        models=tuple(models),
        timeout=timeout,
        max_memory=max_memory,
        debug=debug,
    )


def configured_paths(loaded: Loaded) -> tuple[Path, ...]:
    """The paths that the configuration asks for, where the command line names none."""
    found = []
    for name in loaded.settings.paths:
        pattern = inside(loaded.tree or loaded.folder, name, "paths")
        path = pattern.parent if pattern.name == "..." else pattern
        if not path.exists():
            raise UsageError(f"{loaded.name}: paths: there is no {name}")
        found.append(path)
    return tuple(found)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def inside(folder: Path, name: str, key: str) -> Path:
    """A file or folder that a configuration names: below its folder, since the configuration may come with code that nobody trusts."""
    file = (folder / name).resolve()
    if Path(name).is_absolute() or not file.is_relative_to(folder.resolve()):
        raise UsageError(f"configuration: {key}: {name} is not below the folder of the configuration file")
    return file
