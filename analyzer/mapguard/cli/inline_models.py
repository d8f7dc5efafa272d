"""``[[model]]`` entries of a configuration to a model file, for as long as a run lasts.

An entry is a function, or a table of lists with the names that model files use (``[[model.type]]``, ``[[model.method]]`` …).
"""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mapguard.base.errors import UsageError
from mapguard.cli.settings import Loaded, inside

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@contextmanager
def model_files(loaded: Loaded, more: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    """The model files of the settings, the inline entries among them, and then ``more`` of the command line."""
    files = tuple(inside(loaded.folder, name, "models") for name in loaded.settings.models)
    model = loaded.settings.model
    entries = [model] if isinstance(model, dict) else list(model)
    if not any(entries):
        yield (*files, *more)
        return
    with tempfile.TemporaryDirectory(prefix="mapguard-") as folder:
        file = Path(folder) / "models.toml"
        file.write_text(written(entries), "utf-8")
        try:
            yield (*files, file, *more)
        except UsageError as error:
            name = loaded.file.name if loaded.file is not None else "configuration"
            raise UsageError(str(error).replace(f"model file {file}", f"{name}: model")) from error


def written(entries: list[dict[str, Any]]) -> str:
    """The entries as the TOML text of one model file."""
    tables: dict[str, list[Any]] = {}
    for entry in entries:
        if entry and all(isinstance(value, list) and all(isinstance(v, dict) for v in value) for value in entry.values()):
            for name, value in entry.items():
                tables.setdefault(name, []).extend(value)
        else:
            tables.setdefault("function", []).append(entry)
    return "".join(f"{_key(name)} = {_value(tables[name])}\n" for name in sorted(tables))


def _value(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(_value(v) for v in value) + "]"
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return str(value)  # numbers, dates and times look in TOML as they look in Python; no model uses them


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
