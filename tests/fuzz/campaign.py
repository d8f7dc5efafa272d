"""Seeds to what went wrong: each seed is a tree of made and damaged files that is scanned into every format, as a user would."""

import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fuzz.damage import damaged
from fuzz.grammar import Maker
from mapguard.cli.formats import FORMATS
from mapguard.cli.main import cli

FILES = 24  # of one tree
SAYS_NOTHING = ("concise", "github")  # the formats that are empty where nothing is found
HANG = 120  # seconds of one scan, which takes two or three


class Failure(msgspec.Struct, frozen=True):
    seed: int
    what: str


def tree(root: Path, seed: int) -> None:
    """Half of the files are damaged fixtures, half are made; four share a package."""
    dice = random.Random(seed)
    (root / "go.mod").write_text("module example.com/m\n\ngo 1.26\n")
    for number in range(FILES):
        source = damaged(dice) if number % 2 else Maker(dice).program().encode()
        folder = root / f"p{number // 4}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.go").write_bytes(source)


def failures(seed: int) -> list[Failure]:
    """What one seed's scan shows of crashes: an exception, a gap that is a crash, an exit code that means one, a format without output."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "tree")
        root.mkdir()
        tree(root, seed)
        reports = {name: Path(folder, f"out.{name}") for name in FORMATS}
        outputs = ["--format", "text", "--output", str(reports["text"])]
        outputs += [a for n, f in reports.items() if n != "text" for a in ("--report", f"{n}={f}")]
        arguments = [
            "scan",
            "--no-cache",
            "--quiet",
            "--min-confidence",
            "low",
            *outputs,
        ]
        try:
            with _deadline():
                code = cli.main([*arguments, str(root)], standalone_mode=False)
        except Exception as error:
            return [Failure(seed, f"{type(error).__name__}: {error}")]
        found = [] if code in (0, 1) else [Failure(seed, f"exit code {code}")]
        missing = (n for n, f in reports.items() if not f.exists() or not (f.read_bytes() or n in SAYS_NOTHING))
        found.extend(Failure(seed, f"no report as {name}") for name in missing)
        gaps = msgspec.json.decode(reports["json"].read_bytes())["gaps"] if reports["json"].exists() else []
        found.extend(Failure(seed, f"{g['path']}:{g['line']}: {g['detail']}") for g in gaps if g["reason"] == "CRASH")
        return found


def campaign(first: int, files: int, seconds: float) -> Iterator[tuple[int, list[Failure]]]:
    """Seeds from ``first`` on with their failures, until so many files were scanned or so much time has passed."""
    end = time.monotonic() + seconds
    for seed in range(first, first + -(-files // FILES)):
        if time.monotonic() > end:
            return
        yield seed, failures(seed)


@contextmanager
def _deadline() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"a scan took over {HANG} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
