"""A body to where it is written: for messages about what could not be analysed."""

from mapguard.heap.index import Index

_INIT = ".init$"  # between the package and the file in the id of what sets package variables


def written(index: Index, func: int) -> tuple[str, int]:
    """The file, and the byte where the function begins that a body is, or is in; 0 for what sets package variables."""
    name = index.bodies[func].func
    program = index.types.program
    while True:
        path = name.partition(_INIT)[2]
        if path in program.scopes:
            return path, 0
        known = program.by_id.get(name)
        if known is not None:
            return known.path, known.facts.at
        if "$" not in name:
            return "", 0
        name = name.rpartition("$")[0]  # the body of a loop over a function, or of a deferred call of a predeclared one
