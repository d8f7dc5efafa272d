"""Source files to facts, taken from the cache or made by parsing and lowering, in this process or in a pool of processes."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.facts.codec import decode, encode
from mapguard.facts.generated import is_generated
from mapguard.facts.model import FileFacts
from mapguard.frontend.cache import Cache, digest
from mapguard.frontend.constraints import matches
from mapguard.frontend.lower import lower
from mapguard.frontend.parse import parse
from mapguard.frontend.tree import SourceFile

Progress = Callable[[int, int], None]
Loaded = tuple[SourceFile, bytes]
_CHUNK = 24


def facts_key(file: SourceFile, source: bytes, options: Options) -> bytes:
    """The cache key of a file: everything its facts depend on (content, path, role, platform)."""
    platform = f"{options.goos}/{options.goarch}/{','.join(sorted(options.tags))}/{file.role}/{file.path}/{file.package_path}"
    return digest(platform.encode(), source)


def extract(
    files: Sequence[Loaded], options: Options, cache: Cache, executor: Executor | None = None, progress: Progress | None = None
) -> tuple[list[FileFacts], list[Gap]]:
    """Facts of all files, sorted by path whatever the order of work. A crash in one file is a gap (raised with ``options.debug``)."""
    with deep_stack():
        return _extract(files, options, cache, executor, progress)


def _extract(
    files: Sequence[Loaded], options: Options, cache: Cache, executor: Executor | None, progress: Progress | None
) -> tuple[list[FileFacts], list[Gap]]:
    keys = {file.path: facts_key(file, source, options) for file, source in files}
    known = cache.get_many(keys.values())
    done: dict[str, FileFacts] = {}
    gaps: list[Gap] = []
    todo: list[Loaded] = []
    for file, source in files:
        data = known.get(keys[file.path])
        facts = _decoded(data) if data is not None else None
        if facts is not None:
            done[file.path] = facts
        else:
            todo.append((file, source))
    fresh: dict[bytes, bytes] = {}
    seen = len(done)
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    results = executor.map(_encoded, chunks, [options] * len(chunks)) if executor is not None else None
    for position, chunk in enumerate(chunks):
        if results is None:
            for file, source in chunk:
                made = _one(file, source, options)
                if isinstance(made, Gap):
                    gaps.append(made)
                else:
                    done[file.path] = made
                    if options.cache:
                        fresh[keys[file.path]] = encode(made)
        else:
            for (file, _), outcome in zip(chunk, next(results), strict=True):
                if isinstance(outcome, Gap):
                    gaps.append(outcome)
                else:
                    done[file.path] = decode(outcome)
                    fresh[keys[file.path]] = outcome
        if progress is not None:
            progress(seen + min(len(todo), (position + 1) * _CHUNK), len(files))
    cache.put_many(fresh)
    facts_list = [done[path] for path in sorted(done)]
    for facts in facts_list:
        gaps.extend(facts.gaps)
    return facts_list, sorted(gaps)


def _decoded(data: bytes) -> FileFacts | None:
    try:
        return decode(data)
    except ValueError:
        return None


def _encoded(chunk: list[Loaded], options: Options) -> list[bytes | Gap]:
    """The work of one process. It returns encoded facts, which are cheaper to send than objects."""
    out: list[bytes | Gap] = []
    with deep_stack():
        for file, source in chunk:
            made = _one(file, source, options)
            out.append(made if isinstance(made, Gap) else encode(made))
    return out


def _one(file: SourceFile, source: bytes, options: Options) -> FileFacts | Gap:
    try:
        parsed = parse(source, file.path)
        active = matches(file.absolute.name, source, options)
        # a file for another platform or build tag is no part of this program: it only supplies types
        return lower(parsed, file.path, file.package_path, source, is_generated(source), active, file.role == "scan" and active)
    except MemoryError:
        raise  # the next file would end the same way
    except Exception as error:
        # a crash in one file must not end the run; the gap says which file and why
        if options.debug:
            raise
        return Gap(Reason.CRASH, file.path, 0, f"{type(error).__name__}: {error}")
