"""Every Go file below some folders to the same facts: with one job and two, with a cold cache and a warm one, in any order, after any kill.

    PYTHONPATH=analyzer python tests/corpus/extracted.py FOLDER… [--kills N] [--accepted]

Prints what differs and the gaps that are crashes; ``--accepted`` prints the files with any gap that gofmt accepts, too. Exits with 1 where
anything differs or crashes. A killed run is one of a part of the files that fills the cache of the next one.
"""

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import msgspec

from mapguard.base.gap import Gap, Reason
from mapguard.base.options import Options
from mapguard.facts.codec import encode
from mapguard.frontend.cache import Cache
from mapguard.frontend.extract import Loaded, extract
from mapguard.frontend.source import read
from mapguard.frontend.tree import SourceFile
from mapguard.frontend.workers import workers

_PART = 500  # files of a run that is killed


class Told(msgspec.Struct, frozen=True):
    """What a run says: the digest of all facts and gaps."""

    digest: str
    gaps: tuple[Gap, ...]


def loaded(folder: Path, options: Options) -> list[Loaded]:
    """All Go files, those too that no build reads, as one tree."""
    found = []
    for file in sorted(p for p in folder.rglob("*.go") if p.is_file()):
        path = file.relative_to(folder).as_posix()
        source = SourceFile(path, file, file.stat().st_size, path.rpartition("/")[0], "scan", path.endswith("_test.go"))
        data = read(source, options)
        if isinstance(data, bytes):
            found.append((source, data))
    return found


def told(files: list[Loaded], cache: Path | None, jobs: int, order: int) -> Told:
    """One run over the files, shuffled by the seed ``order``."""
    files = list(files)
    random.Random(order).shuffle(files)
    options = Options(jobs=jobs, cache=cache is not None)
    store = Cache(cache)
    try:
        if jobs > 1:
            with workers(jobs) as pool:
                facts, gaps = extract(files, options, store, pool)
        else:
            facts, gaps = extract(files, options, store)
    finally:
        store.close()
    digest = hashlib.blake2b()
    for part in (*map(encode, facts), msgspec.msgpack.encode(gaps)):
        digest.update(part)
    return Told(digest.hexdigest(), tuple(gaps))


def compared(folder: Path, kills: int) -> tuple[list[str], Told, int]:
    """The runs that say something else than the first one; what that one says, and of how many files."""
    files = loaded(folder, Options())
    wrong = []
    first = told(files, None, 1, 1)
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        for what, jobs in (("two jobs, cold cache", 2), ("two jobs, warm cache", 2), ("one job, warm cache", 1)):
            if told(files, cache, jobs, jobs).digest != first.digest:
                wrong.append(what)
    with tempfile.TemporaryDirectory() as name:
        wrong += _killed(folder, files, Path(name), kills)
    return wrong, first, len(files)


def _killed(folder: Path, files: list[Loaded], cache: Path, kills: int) -> list[str]:
    """Runs over parts of the files, each killed at a random moment and then repeated to its end with the cache that is left."""
    wrong = []
    for seed in range(kills):
        dice = random.Random(seed)
        part = dice.sample(files, min(_PART, len(files)))
        listed = cache / "files"
        listed.write_text("\n".join(f.path for f, _ in part))
        start = time.monotonic()
        expected = told(part, None, 1, seed)
        usual = time.monotonic() - start
        process = subprocess.Popen([sys.executable, __file__, str(folder), "--only", str(listed), "--cache", str(cache / "kept")])
        time.sleep(dice.uniform(0.1, 1.3) * usual)
        process.kill()
        process.wait()
        if told(part, cache / "kept", 1 + seed % 2, seed).digest != expected.digest:
            wrong.append(f"after kill {seed}")
        if seed % 3 == 2:
            shutil.rmtree(cache / "kept", ignore_errors=True)
    return wrong


def accepted(file: Path) -> bool:
    """Whether gofmt parses a file."""
    return subprocess.run(["gofmt", "-e", str(file)], capture_output=True, check=False).returncode == 0


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--kills", default=0)
@click.option("--accepted", "ask_gofmt", is_flag=True)
@click.option("--only", type=click.Path(path_type=Path), hidden=True)
@click.option("--cache", type=click.Path(path_type=Path), hidden=True)
def main(folders: tuple[Path, ...], kills: int, ask_gofmt: bool, only: Path | None, cache: Path | None) -> None:
    if only is not None:
        wanted = set(only.read_text().splitlines())
        told([f for f in loaded(folders[0], Options()) if f[0].path in wanted], cache, 2, 0)
        return
    failed = False
    for folder in folders:
        wrong, first, count = compared(folder.resolve(), kills)
        crashes = [g for g in first.gaps if g.reason == Reason.CRASH]
        reasons = Counter(g.reason for g in first.gaps)
        click.echo(f"{folder}: {count} files, {len(wrong)} runs differ, gaps {dict(sorted(reasons.items()))}")
        for line in (*wrong, *(f"{g.path}: {g.detail}" for g in crashes)):
            click.echo(f"  {line}")
        if ask_gofmt:
            for path in sorted({g.path for g in first.gaps}):
                if accepted(folder / path):
                    click.echo(f"  gofmt accepts {path}: {next(g for g in first.gaps if g.path == path)}")
        failed = failed or bool(wrong or crashes)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
