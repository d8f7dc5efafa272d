"""A function's effect for its callers."""

from typing import NamedTuple

from mapguard.concurrency.domain import Locks, Needs, Path, Place, Value


class ParamCall(NamedTuple):
    """What a body does with a function that ``owner`` was given as parameter ``index``.

    ``kind``: call (runs it), go (starts it as a goroutine), join (so too, and waits for the end of it), root:KIND (registers it),
    keep:FIELD (stores it). ``locks`` are held while it runs. ``thread`` is the goroutine of the body that runs it, "" for the body itself;
    ``ends`` is what that signals when it has done so. ``each``: a loop does so with every element of the parameter, once.
    """

    owner: str
    param: int
    kind: str
    locks: Locks
    many: bool
    thread: str = ""
    ends: tuple[Path, ...] = ()
    each: bool = False


class Summary:
    """A function's effect, independent of callers, in terms of its parameters and package variables."""

    __slots__ = (
        "acquires",
        "calls_params",
        "choices",
        "detaches",
        "escapes",
        "noreturn",
        "pauses",
        "publishes",
        "puts",
        "releases",
        "returns",
        "signals",
        "spawns",
        "stores",
        "swaps",
        "waits",
        "wins",
    )

    def __init__(self) -> None:
        self.returns: tuple[Value, ...] = ()
        self.choices: tuple[tuple[Needs, tuple[Value, ...]], ...] = ()  # the results of its returns, where conditions tell them apart
        self.stores: tuple[tuple[Path, Value], ...] = ()  # what fields of a fresh result hold
        self.acquires: Locks = ()
        self.wins: Locks = ()  # what it has taken besides where its last result is a nil error, or true
        self.releases: frozenset[Path] = frozenset()
        self.escapes: frozenset[int] = frozenset()
        self.publishes: frozenset[int] = frozenset()
        self.puts: tuple[tuple[Path, Value], ...] = ()  # parameters that it stores below other parameters
        self.spawns: frozenset[str] = frozenset()
        self.swaps: frozenset[Path] = frozenset()  # maps that it replaces by fresh ones
        self.waits: frozenset[Path] = frozenset()
        self.signals: frozenset[Path] = frozenset()
        self.calls_params: tuple[ParamCall, ...] = ()
        self.noreturn = False
        self.pauses: frozenset[Place] = frozenset()  # where it waits for what it returns, if that is not there yet
        self.detaches = False  # it goes on on a goroutine of its own, beside its caller

    def key(self) -> tuple[object, ...]:
        """Equal keys mean equal summaries: the fixpoint test."""
        return (
            self.returns,
            self.choices,
            self.acquires,
            self.wins,
            self.releases,
            self.escapes,
            self.publishes,
            self.puts,
            self.spawns,
            self.swaps,
            self.waits,
            self.signals,
            self.calls_params,
            self.noreturn,
            self.pauses,
            self.detaches,
        )


EMPTY = Summary()
