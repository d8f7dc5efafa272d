"""What a user reads. These types are the JSON report (design: docs/report.schema.json); every other format is written from them.

Lines and columns are 1-based; columns count characters; ``end_column`` is exclusive. Paths are relative to the root with forward slashes.
"""

from enum import StrEnum

import msgspec

from mapguard.base.gap import Gap
from mapguard.base.span import Place


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class HeldLock(msgspec.Struct, frozen=True, order=True):
    """A lock as the code there writes it, else as ``Type.field``; one lock has one name in a finding. ``mode``: ``read`` or ``write``."""

    lock: str
    mode: str


class Step(msgspec.Struct, frozen=True):
    """One step of a thread, outermost first: where, in which function, what happens, which locks are held there."""

    path: str
    line: int
    column: int
    function: str
    text: str
    end_column: int = 1
    locks: tuple[HeldLock, ...] = ()


class RootInfo(msgspec.Struct, frozen=True):
    """Where the goroutine of an access starts. ``kind``: goroutine, http, grpc, informer, timer, callback, exported, main, init …"""

    kind: str
    many: bool
    path: str
    line: int
    name: str


class Access(msgspec.Struct, frozen=True):
    """One access of the map. ``op``: write, delete, read, range, len, replace. ``trace`` ends with the access itself.

    ``locks`` are held whichever way leads there; ``note`` says what differs between the callers, or that the map is not shared yet.
    """

    op: str
    path: str
    line: int
    column: int
    end_column: int
    function: str
    expression: str
    locks: tuple[HeldLock, ...] = ()
    root: RootInfo | None = None
    trace: tuple[Step, ...] = ()
    note: str = ""


class MapInfo(msgspec.Struct, frozen=True):
    """The map. ``kind``: field, global, local, param.

    ``owner``: the struct type of a field, "" of a package variable, the function of a local.
    """

    kind: str
    package: str
    owner: str
    name: str
    type: str
    declared: Place | None

    @property
    def title(self) -> str:
        """The map as people name it: ``Owner.field``, else its name."""
        return f"{self.owner}.{self.name}" if self.kind == "field" and self.owner else self.name


class Guard(msgspec.Struct, frozen=True):
    """The lock that most accesses hold: ``held`` of ``held + missed`` accesses; those ``without`` it."""

    lock: str
    held: int
    missed: int
    without: tuple[Place, ...] = ()


class Advice(msgspec.Struct, frozen=True):
    """``kind``: mutex, rwmutex, sync.Map, channel, copy-on-write, hold-lock …; ``patch``: a unified diff or None.

    ``sketch`` is Go in parts, each under a comment that says where it belongs, ``test`` a command that runs a test which leads to the race;
    both may be "". ``tested`` says which test that is, or that there is none; "" before anybody has looked.
    """

    kind: str
    text: str
    patch: str | None = None
    sketch: str = ""
    test: str = ""
    tested: str = ""


class Sharing(msgspec.Struct, frozen=True):
    """How two threads come to have one map.

    ``made``: where it is made, and what holds it, as far as that is in the tree. ``reached``: for each racing access the steps by which its
    thread gets the map, none where that has made it. ``apart`` says what there is between the two accesses, and why it is not enough.
    """

    made: tuple[Step, ...] = ()
    reached: tuple[tuple[Step, ...], ...] = ()
    apart: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One map and one cause. The first ``racing`` accesses race with each other; the others complete the picture."""

    rule: str
    severity: Severity
    confidence: Confidence
    fingerprint: str
    message: str
    map: MapInfo
    accesses: tuple[Access, ...]
    guard: Guard | None
    reasons: tuple[str, ...]
    advice: Advice
    racing: int = 2
    sharing: Sharing = Sharing()


class Stats(msgspec.Struct, frozen=True):
    """Counts of what was seen, and CPU-independent wall seconds by phase. ``asked`` of the ``files`` are in the paths that were given.

    ``support_files`` only serve tests, by their folder, name or imports, and so do ``support_functions`` of other files by their names.
    """

    files: int = 0
    asked: int = 0
    lines: int = 0
    functions: int = 0
    support_files: int = 0
    support_functions: int = 0
    calls: int = 0
    calls_resolved: int = 0
    calls_in_tree: int = 0
    map_expressions: int = 0
    map_expressions_typed: int = 0
    roots: int = 0
    maps: int = 0
    pairs: dict[str, int] = {}
    read_for_types: tuple[str, ...] = ()
    seconds: dict[str, float] = {}


class Suppressed(msgspec.Struct, frozen=True):
    """A finding that a comment or a baseline silenced, with the reason given."""

    finding: Finding
    by: str
    reason: str


class InForce(msgspec.Struct, frozen=True):
    """What a run was told, and what it left out: the scanned side may have said so.

    ``configuration`` names the file ("" without one), ``settings`` are those that differ from the defaults, in words; ``left_out`` counts
    files and folders by reason, ``not_shown`` findings that would be shown without these settings.
    """

    configuration: str = ""
    settings: dict[str, str] = {}
    left_out: dict[str, int] = {}
    not_shown: dict[str, int] = {}


class Report(msgspec.Struct, frozen=True):
    """Everything a format writes. ``findings`` are sorted worst first, then by place; ``files`` hold comments that speak to mapguard."""

    root: str
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    gaps: tuple[Gap, ...] = ()
    stats: Stats = Stats()
    files: tuple[str, ...] = ()
    in_force: InForce = InForce()
