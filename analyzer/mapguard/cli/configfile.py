"""mapguard.toml to ``Settings``: what is wrong is said with the line it stands on and the nearest name."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from mapguard.base.errors import UsageError
from mapguard.cli.settings import Loaded, PathSettings, Settings
from mapguard.findings.rules import all_rules

NAMES = ("mapguard.toml", ".mapguard.toml")
_LIMIT = 1_000_000
_GLOBS = 1_000
# options of a single run: a file that everybody shares has no say in them
_RUN_ONLY = frozenset(
    [
        "format",
        "output",
        "report",
        "jobs",
        "no-cache",
        "cache-dir",
        "timeout",
        "max-memory",
        "config",
        "stats",
        "quiet",
        "color",
        "debug",
        "show-suppressed",
        "sarif-category",
    ]
)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<where>.*)`)?$", re.DOTALL)


def find(root: Path) -> Path | None:
    """The configuration file at the root, if there is one."""
    present = [root / name for name in NAMES if (root / name).is_file()]
    if len(present) > 1:
        raise UsageError(f"there are two configuration files, {' and '.join(NAMES)}: keep one")
    return present[0] if present else None


def load(root: Path, chosen: Path | None, ignore: bool = False) -> Loaded:
    """The settings of the ``chosen`` file, else of the one at the root, else the defaults."""
    file = chosen if chosen is not None else None if ignore else find(root)
    if file is None:
        return Loaded(Settings(), root)
    if chosen is None and not file.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{file.name} is a link that leads out of the repository")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the configuration {file}: {error.strerror}") from error
    if len(data) > _LIMIT:
        raise UsageError(f"{file.name}: too large for a configuration file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name}: not UTF-8") from error
    return Loaded(parse(text, file.name), file.resolve().parent, file)


def parse(text: str, name: str) -> Settings:
    """The settings in a file's text; ``name`` is for messages. Anything unknown is a ``UsageError``."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{name}: {error}") from error
    _check_keys(data, Settings, "", text, name)
    tables = data.get("path")
    for number, table in enumerate(tables if isinstance(tables, list) else []):
        if isinstance(table, dict):
            _check_keys(table, PathSettings, f"path[{number}].", text, name)
    if "version" not in data:
        raise UsageError(f"{name}: version = 1 is missing")
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        assert found is not None  # every part of the expression is optional
        where = (found["where"] or "").removeprefix(".")
        line = _line(text, where)
        raise UsageError(f"{name}{line}: {where or 'the file'}: {found['what']}") from error
    _check_rules(settings, text, name)
    if len(settings.exclude) + sum(1 if isinstance(p.glob, str) else len(p.glob) for p in settings.path) > _GLOBS:
        raise UsageError(f"{name}: more than {_GLOBS} globs: each of them is asked about every file")
    return settings


def _check_keys(table: dict[str, Any], kind: type[msgspec.Struct], prefix: str, text: str, name: str) -> None:
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in table:
        if key in known:
            continue
        if key in _RUN_ONLY and not prefix:
            raise UsageError(f"{name}{_line(text, key)}: {key} belongs on the command line, not in the file")
        near = difflib.get_close_matches(key, known, 1)
        hint = f" (did you mean {near[0]}?)" if near else f"; known are {', '.join(known)}"
        raise UsageError(f"{name}{_line(text, prefix + key)}: unknown key {prefix}{key}{hint}")


def _check_rules(settings: Settings, text: str, name: str) -> None:
    ids = [r.id for r in all_rules()]
    listed = [("rules", settings.rules), ("disable", settings.disable)]
    listed.extend((f"path[{number}].disable", p.disable) for number, p in enumerate(settings.path))
    for where, chosen in listed:
        for ident in chosen:
            if ident not in ids:
                raise UsageError(f"{name}{_line(text, where)}: {where}: {no_such_rule(ident, ids)}")


def no_such_rule(ident: str, ids: list[str]) -> str:
    """The message for an unknown rule, with the nearest one."""
    near = difflib.get_close_matches(ident, ids, 1)
    return f"no such rule: {ident}{f' (did you mean {near[0]}?)' if near else '; mapguard rules lists them'}"


def _line(text: str, where: str) -> str:
    """``:LINE`` of the key at ``where`` (``exclude``, ``path[1].glob``), "" when it is not on a line of its own."""
    found = re.match(r"(?:(?P<table>[\w-]+)\[(?P<number>\d+)\]\.?)?(?P<key>[\w-]*)", where)
    assert found is not None
    number, table, key = int(found["number"] or 0), found["table"] or "", found["key"]
    start = 0
    lines = text.splitlines()
    if table:
        heads = [at for at, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]", line)]
        if number < len(heads):
            start = heads[number]
        elif not heads:
            key = table
    for at in range(start, len(lines)):
        if not key or re.match(rf"\s*(?:\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]", lines[at]):
            return f":{at + 1}"
    return ""
