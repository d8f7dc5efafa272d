"""Seeds to what went wrong: each seed is a tree of damaged and made files that one scan reads into every format, as a user would."""

import gc
import random
import shutil
import signal
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fuzz.damage import Damage
from fuzz.grammar import Maker
from mapguard.cli.formats import FORMATS
from mapguard.cli.main import cli

FILES = 220  # of one tree: so many share the start of a scan and its reports
MADE = 11  # one in so many is made from the grammar, the others are damaged
SAYS_NOTHING = ("concise", "github")  # the formats that are empty where nothing is found
HANG = 60  # processor seconds of one scan, which takes three
_PACKAGE = 4  # files that share one


class Failure(msgspec.Struct, frozen=True):
    """``where`` are the folders of the tree that show it when they are scanned alone."""

    seed: int
    where: str
    what: str


def tree(root: Path, seed: int, damage: Damage, files: int = FILES) -> int:
    """Writes the tree of a seed; how many of its files are made."""
    dice = random.Random(seed)
    (root / "go.mod").write_text("module example.com/m\n\ngo 1.26\n")
    made = 0
    for number in range(files):
        of_grammar = number % MADE == 0
        made += of_grammar
        source = Maker(dice).program().encode() if of_grammar else damage.damaged(dice)
        folder = root / f"p{number // _PACKAGE}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.go").write_bytes(source)
    return made


def failures(seed: int, damage: Damage, files: int = FILES) -> list[Failure]:
    """What one seed's tree shows of crashes and hangs; what the scan does not lay to a file is narrowed down to folders."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "tree")
        root.mkdir()
        tree(root, seed, damage, files)
        found = scanned(root, Path(folder))
        if not any(path == "" for path, _ in found):
            return [Failure(seed, path, what) for path, what in found]
        where = _narrowed(root, Path(folder))
        return [Failure(seed, path or where, what) for path, what in found]


def scanned(root: Path, beside: Path) -> list[tuple[str, str]]:
    """What a scan of a tree shows: an exception, a gap that is a crash, an exit code that means one, a report that is missing or malformed.

    Each with the file that it is laid to, or "".
    """
    reports = {name: beside / f"out.{name}" for name in FORMATS}
    for file in reports.values():
        file.unlink(missing_ok=True)
    outputs = ["--format", "text", "--output", str(reports["text"])]
    outputs += [a for n, f in reports.items() if n != "text" for a in ("--report", f"{n}={f}")]
    arguments = ["scan", "--no-cache", "--quiet", "--jobs", "1", "--min-confidence", "low", *outputs, str(root)]
    try:
        with _deadline():
            code = cli.main(arguments, standalone_mode=False)
    except Exception as error:
        return [("", f"{type(error).__name__}: {error}")]
    found = [] if code in (0, 1) else [("", f"exit code {code}")]
    for name, file in reports.items():
        wrong = _malformed(name, file)
        if wrong:
            found.append(("", f"{name}: {wrong}"))
    if reports["json"].exists():
        gaps = msgspec.json.decode(reports["json"].read_bytes())["gaps"]
        found.extend((g["path"], f"line {g['line']}: {g['detail']}") for g in gaps if g["reason"] == "CRASH")
    return found


def campaign(first: int, files: int, seconds: float, damage: Damage) -> Iterator[tuple[int, list[Failure]]]:
    """Seeds from ``first`` on with their failures, until so many files were scanned or so much time has passed."""
    end = time.monotonic() + seconds
    for seed in range(first, first + -(-files // FILES)):
        if time.monotonic() > end:
            return
        yield seed, failures(seed, damage)


def _malformed(name: str, file: Path) -> str:
    """What is wrong with a report, "" when nothing is."""
    if not file.exists():
        return "no report"
    data = file.read_bytes()
    if not data and name not in SAYS_NOTHING:
        return "an empty report"
    try:
        data.decode()
        if name in ("json", "sarif", "gitlab"):
            msgspec.json.decode(data)
        if name in ("checkstyle", "junit"):
            ET.fromstring(data)
    except (ValueError, ET.ParseError) as error:
        return str(error)
    return ""


def _narrowed(root: Path, beside: Path) -> str:
    """The folders that are left of a tree when halves without which the scan still fails are taken away."""
    left = sorted(p.name for p in root.iterdir() if p.is_dir())
    size = len(left) // 2
    while size:
        for start in range(0, len(left), size):
            kept = left[:start] + left[start + size :]
            if kept and _fails(root, beside, kept):
                left = kept
                break
        else:
            size //= 2
    return " ".join(left)


def _fails(root: Path, beside: Path, folders: list[str]) -> bool:
    part = beside / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    shutil.copy(root / "go.mod", part)
    for folder in folders:
        shutil.copytree(root / folder, part / folder)
    return any(path == "" for path, _ in scanned(part, beside))


@contextmanager
def _deadline() -> Iterator[None]:
    """Raises where a scan has used its processor seconds, and again each time that it uses as many more: what is caught becomes a crash."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"a scan took over {HANG} processor seconds")

    callbacks, gc.callbacks[:] = gc.callbacks[:], []  # what is raised in one of them is lost
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANG, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        gc.callbacks[:] = callbacks
