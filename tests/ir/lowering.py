"""Go source or folders to the bodies that the lowering makes of them."""

from collections.abc import Iterator
from pathlib import Path

from mapguard.base.options import Options
from mapguard.base.stack import deep_stack
from mapguard.frontend.cache import Cache
from mapguard.frontend.discover import discover
from mapguard.frontend.extract import extract
from mapguard.frontend.tree import SourceFile
from mapguard.ir.lower import Lowerer
from mapguard.ir.model import Body
from mapguard.models.load import load
from mapguard.program.link import link
from mapguard.program.model import Program
from mapguard.program.types import Types


def program_of(*sources: str, old: bool = False, models: bool = False) -> Program:
    """The program of some files of package main, as they stand in one folder; with ``old`` in a module of Go 1.21, with ``models`` with
    what models declare of libraries."""
    loaded = [
        (SourceFile(f"f{number}.go", Path(f"f{number}.go"), len(text), "example.com/main", "scan", False), text.encode())
        for number, text in enumerate(sources)
    ]
    facts, _ = extract(loaded, Options(), Cache(None))
    declared = {"iter": "package iter\ntype Seq[V any] func(yield func(V) bool)\ntype Seq2[K, V any] func(yield func(K, V) bool)"}
    if models:
        declared |= {path: f"package {d.name}\n{d.go}" for path, d in sorted(load().declarations.items())}
    files = [(SourceFile(f"<model>/{path}.go", Path("model.go"), len(text), path, "types", False), text) for path, text in declared.items()]
    library, _ = extract([(file, text.encode()) for file, text in files], Options(), Cache(None))
    return link(facts, library, modules=["example.com/main"], shared_loops=["example.com/main"] if old else [])


def program_in(folder: Path) -> Program:
    """The program of the Go files below a folder."""
    options = Options(paths=(folder,))
    loaded = [(f, f.absolute.read_bytes()) for tree in discover(options) for f in tree.files]
    return link(extract(loaded, options, Cache(None))[0])


def bodies_of(program: Program) -> Iterator[Body]:
    """All bodies, those of the package variables too."""
    with deep_stack():
        yield from Lowerer(Types(program)).everything()


__all__ = ["bodies_of", "program_in", "program_of"]
