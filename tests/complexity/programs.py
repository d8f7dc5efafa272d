"""The kinds of program, each with the size that is measured first."""

from collections.abc import Callable
from types import ModuleType

import msgspec

from complexity import bodies, calls, texts, threads, types

_SIZES = {
    "jumps_everywhere": 10,
    "nested_ranges": 16,
    "locks_of_loops": 25,
    "assigned_in_turn": 30,
    "functions_that_call_their_argument": 8,
    "repeated_assignments": 30,
    "recursion_under_locks": 25,
    "recursive_embedding": 8,
    "everyone_calls_everyone": 20,
    "encoded_wide_maps": 20,
    "callers_of_callers": 20,
    "handlers": 20,
    "implementers": 16,
    "interfaces_in_a_ring": 10,
    "interfaces_that_embed_all": 16,
    "accesses_and_threads": 400,
    "findings_on_one_line": 400,
    "encoded_maps": 50,
    "maps": 50,
    "a_long_comment": 5000,
    "suppressions": 500,
    "threads_with_many_accesses": 50,
    "packages_that_import_everything": 20,
    "modules": 25,
    "folders": 100,
}
_USUAL = 50


class Program(msgspec.Struct, frozen=True):
    """``make`` writes one of a size; ``n`` is the first size."""

    make: Callable[[int], str | dict[str, str]]
    n: int

    def tree(self, n: int) -> dict[str, str]:
        made = self.make(n)
        return {"main.go": made} if isinstance(made, str) else made


def _of(module: ModuleType) -> dict[str, Program]:
    return {
        name: Program(make, _SIZES.get(name, _USUAL))
        for name, make in vars(module).items()
        if callable(make) and getattr(make, "__module__", "") == module.__name__
    }


PROGRAMS: dict[str, Program] = {name: p for module in (bodies, calls, threads, types, texts) for name, p in _of(module).items()}
