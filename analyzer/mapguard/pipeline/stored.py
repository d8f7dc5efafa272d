"""Whole runs in the cache: the key by which one is found again, and whether what is found still holds."""

import functools
import hashlib
from pathlib import Path

import msgspec

import mapguard
from mapguard.base.data import data_dir
from mapguard.base.gap import Gap
from mapguard.base.options import Options
from mapguard.findings.model import Report
from mapguard.frontend.cache import Cache, digest
from mapguard.frontend.extract import Loaded
from mapguard.frontend.tree import Tree


class Stored(msgspec.Struct, frozen=True):
    """Valid while the packages that were read for types are as they were."""

    report: Report
    siblings: bytes


def run_key(tree: Tree, loaded: list[Loaded], gaps: tuple[Gap, ...], options: Options) -> bytes:
    """What the report depends on, as a digest: mapguard itself, the options that change a finding, modules, models, and every file."""
    chosen = msgspec.json.encode([options.tags, options.goos, options.goarch, options.generated, options.tests, options.max_file_bytes])
    old = [m.path for m in tree.modules if m.shared_loops]
    modules = msgspec.json.encode([tree.mark, tree.alone, sorted(tree.named), *(m.path for m in tree.modules), old])
    parts = [b"report", code_digest(), chosen, modules, msgspec.json.encode(sorted(gaps)), *(p.read_bytes() for p in options.models)]
    for file, source in loaded:
        parts.append(f"{file.path}\0{file.package_path}".encode())
        parts.append(hashlib.blake2b(source, digest_size=16).digest())
    return digest(*parts)


@functools.cache
def code_digest() -> bytes:
    """What mapguard itself is made of: another version of the analysis or of the models must not find old results."""
    h = hashlib.blake2b(digest_size=16)
    for folder, pattern in ((Path(mapguard.__file__).parent, "**/*.py"), (data_dir("rules") / "models", "*.toml")):
        for path in sorted(folder.glob(pattern)):
            h.update(path.read_bytes())
    return h.digest()


def stored(store: Cache, key: bytes) -> Stored | None:
    """The run that was stored under a key."""
    data = store.get_many([key]).get(key)
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=Stored)
    except msgspec.DecodeError:
        return None
