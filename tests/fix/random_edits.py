"""Edits at random places of Go files that gofmt has nothing to say about: neither may it afterwards.

``python -m fix.random_edits FOLDER --count N --seed N --keep DIR`` in the folder ``tests`` prints what gofmt would change in the files of N
edits.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from fix.edited import unformatted
from mapguard.fix import comments, fields, imports, statements
from mapguard.fix.edit import Edit, EditError, apply
from mapguard.fix.imports import Import
from mapguard.fix.shape import GoFile
from mapguard.fix.tokens import Kind

_LARGEST = 60_000  # bytes
_PACKAGES = ("sync", "maps", "sync/atomic", "aaa", "golang.org/x/exp/maps", "github.com/x/y", "gopkg.in/yaml.v2", "zip")
Edits = tuple[Edit, ...]


class Made(NamedTuple):
    origin: Path
    kind: str
    text: bytes


class Drawer:
    """Draws edits of one file; a ``LookupError`` where it has no place for one of that kind."""

    def __init__(self, rng: random.Random, file: GoFile) -> None:
        self.rng = rng
        self.file = file
        self.tokens = file.tokens

    def declaration(self) -> str:
        name = self.rng.choice(["mu", "viewsMutexOfTheStore", "m"])
        return f"{name} {self.rng.choice(['sync.Mutex', 'sync.RWMutex'])}{self.rng.choice(['', ' // guards views'])}"

    def item(self, word: bytes, opening: bytes) -> int:
        """The start of an item between brackets that a word stands before."""
        starts = [
            at
            for index, token in enumerate(self.tokens)
            if token.text == opening and self.file.opens(index) == word
            for at in self._items(index)
        ]
        return self.tokens[self.rng.choice(starts)].start

    def _items(self, opens: int) -> Iterator[int]:
        at, closes = self.file.text.after(opens), self.file.text.partner.get(opens, 0)
        while at < closes:
            yield at
            at = self.file.text.after(self.file.text.item_end(at))
            at += self.tokens[at].text == b";"

    def statement(self) -> int:
        words = [t.start for t in self.tokens if t.kind is Kind.WORD and t.around >= 0]
        for at in self.rng.sample(words, min(len(words), 20)):
            if self.file.is_block(self.file.item(at).around):
                return at
        raise LookupError

    def folded(self) -> int:
        """A statement of a block that stands on one line."""
        text = self.file.text
        starts = [
            self.tokens[opens + 1].start
            for opens, closes in text.partner.items()
            if self.file.is_block(opens)
            and closes > opens + 1
            and b"\n" not in text.source[self.tokens[opens].end : self.tokens[closes].start]
        ]
        return self.rng.choice(starts)

    def operand(self) -> tuple[int, int]:
        found = [
            token
            for index, token in enumerate(self.tokens[1:-1], 1)
            if token.name and self.tokens[index - 1].text in (b"=", b"return", b":=") and self.tokens[index + 1].kind is Kind.OP
            if self.file.text.ends_line(index) or self.tokens[index + 1].text in (b")", b"}", b",")
        ]
        token = self.rng.choice(found)
        return token.start, token.end

    def field(self) -> Edits:
        return fields.add_field(self.file, self.item(b"struct", b"{"), self.declaration(), self.rng.random() < 0.5)

    def variable(self) -> Edits:
        return fields.add_variable(self.file, self.item(b"var", b"(") if self.rng.random() < 0.5 else self.statement(), self.declaration())

    def pointer(self) -> Edits:
        return fields.pointer_field(self.file, self.item(b"struct", b"{"))

    def parameter(self) -> Edits:
        function = self.rng.choice([t for t in self.tokens if t.text == b"func" and t.around < 0])
        names = [t.text.decode() for t in self.tokens if t.name and function.start < t.start < function.start + 80]
        return fields.pointer_parameter(self.file, function.start, self.rng.choice(names))

    def before(self) -> Edits:
        return statements.before(self.file, self.statement(), ["mu.Lock()", "defer mu.Unlock()"])

    def around(self) -> Edits:
        at = self.statement()
        return statements.around(self.file, at, at, ["mu.Lock()"], ["mu.Unlock()"])

    def unfold(self) -> Edits:
        at = self.folded()
        return statements.around(self.file, at, at, ["mu.Lock()"], ["mu.Unlock()"])

    def wrap(self) -> Edits:
        return statements.wrap(self.file, *self.operand(), "maps.Clone(", ")")

    def replace(self) -> Edits:
        return statements.replace(self.file, *self.operand(), self.rng.choice(["x", "atomicViews.Load()"]))

    def comment(self) -> Edits:
        at = self.item(b"struct", b"{") if self.rng.random() < 0.5 else self.statement()
        return comments.beside(self.file, at, "guarded by mu")

    def directive(self) -> Edits:
        line = self.rng.randrange(len(self.file.text.starts)) + 1
        return comments.directive(self.file, line, "//mapguard:ignore concurrent-map-write only here")

    def imports(self) -> Edits:
        present = [i for i in imports.imported(self.file) if i.path != "C"]
        drop = self.rng.sample(present, min(len(present), self.rng.randrange(3)))
        return imports.change_imports(self.file, map(Import, self.rng.sample(_PACKAGES, self.rng.randrange(4))), drop)


KINDS: dict[str, Callable[[Drawer], Edits]] = {
    name: member for name, member in vars(Drawer).items() if getattr(member, "__annotations__", {}).get("return") is Edits
}


def drawn(folder: Path, count: int, seed: int) -> Iterator[Made]:
    """Files of the folder, each with one or two edits of a kind."""
    rng = random.Random(seed)
    files = [p for p in sorted(folder.rglob("*.go")) if "testdata" not in p.parts and p.stat().st_size < _LARGEST]
    while count:
        origin, kind = rng.choice(files), rng.choice(sorted(KINDS))
        source = origin.read_bytes()
        drawer = Drawer(rng, GoFile(origin.name, source))
        try:
            edits = [e for _ in range(1 if kind in ("imports", "directive") else rng.choice([1, 1, 2])) for e in KINDS[kind](drawer)]
            text = apply(source, edits)
        except (EditError, LookupError):
            continue
        if text != source:
            count -= 1
            yield Made(origin, kind, text)


def unclean(made: list[Made], folder: Path) -> list[str]:
    """What gofmt says about the files, without those that it would have changed before."""
    written: dict[str, Made] = {}
    for number, one in enumerate(made):
        file = folder / f"{number:05}_{one.kind}.go"
        file.write_bytes(one.text)
        written[str(file)] = one
    said = {line: written.get(line.split(":", 1)[0]) for line in unformatted(map(Path, written))}
    before = set(unformatted({one.origin for one in said.values() if one is not None}))
    return [f"{line} from {one.origin}" for line, one in said.items() if one is not None and str(one.origin) not in before]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, required=True, metavar="DIR", help="where the files are written")
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    print("\n".join(unclean(list(drawn(given.folder, given.count, given.seed)), given.keep)))


if __name__ == "__main__":
    main()
