"""A function's body as a control-flow graph of events in three-address form, single static assignment.

Registers are numbered within one body; each has one defining event, except parameters and captured values, which come first and have none.
A register of a struct or array type holds a reference to its storage, as a pointer does; where Go copies such a value, a ``Clone`` or
``CopyInto`` says so. ``at`` and ``end`` are byte offsets in the file, 0 where the text has no place of its own.

Shape after golang.org/x/tools/go/ssa; single assignment after Braun et al., CC 2013.
"""

from typing import Literal

import msgspec

from mapguard.facts.syntax import Type

Reg = int
NONE: Reg = -1
ELEM = "[]"  # the field name of elements: of slices, arrays, maps and channels
CELL = "*"  # the field name of what a pointer to a variable points to

How = Literal["call", "go", "defer"]


class _Event(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="_tag"):
    pass


# ---------------------------------------------------------------- values


class Alloc(_Event, frozen=True, tag=1):
    """New storage, zero. ``how``: ``lit`` (composite literal, new), ``make``, ``var`` (declared without a value), ``cell`` (a variable that
    is captured or addressed and changes), ``pack`` (variadic arguments). ``size`` is the first one that make was given."""

    dst: Reg
    type: Type
    how: Literal["lit", "make", "var", "cell", "pack"]
    at: int
    size: Reg = NONE


class Copy(_Event, frozen=True, tag=2):
    dst: Reg
    src: Reg


class Cast(_Event, frozen=True, tag=3):
    """A conversion or, ``asserted``, a type assertion (also a case of a type switch): the same value under another type."""

    dst: Reg
    src: Reg
    type: Type
    asserted: bool


class Phi(_Event, frozen=True, tag=4):
    """One of ``args``: the i-th where control came from the i-th predecessor."""

    dst: Reg
    args: tuple[Reg, ...]


class Const(_Event, frozen=True, tag=5):
    """A constant, or a value that no analysis follows. ``kind``: nil, bool, int, string, func, float, rune, zero, unknown."""

    dst: Reg
    kind: str
    text: str = ""
    verbs: str = ""  # of a string that may be a format


class Global(_Event, frozen=True, tag=6):
    """The storage of the package variable ``import/path.name``; a variable that is no struct or array is its ``CELL``."""

    dst: Reg
    name: str


class Closure(_Event, frozen=True, tag=7):
    """A function as a value: ``func`` is its id; a literal's captured values become its first registers after the parameters."""

    dst: Reg
    func: str
    captures: tuple[Reg, ...]
    at: int


class Bound(_Event, frozen=True, tag=8):
    """A method value: ``target`` with its receiver already given."""

    dst: Reg
    target: "Callee"
    recv: Reg
    at: int


class Op(_Event, frozen=True, tag=9):
    """What operators, comparisons and the like give. ``op`` is the operator, or

    - ``ok``: the second result of the comma-ok form whose first is the argument;
    - ``is``: whether an interface holds the ``type`` of a type switch's case;
    - ``range``, ``next``, ``rune``: the rounds through what a range statement was given, the key of a round, a string's rune at a key;
    - the name of a predeclared function; ``append`` is one of its arguments: the slice itself or the one that took its place."""

    dst: Reg
    op: str
    args: tuple[Reg, ...]
    type: Type | None = None


# ---------------------------------------------------------------- memory


class Field(_Event, frozen=True, tag=20):
    """The address of ``base.field``: of a struct held by value, an element, or what & was asked for."""

    dst: Reg
    base: Reg
    field: str
    index: Reg = NONE
    at: int = 0
    end: int = 0


class Load(_Event, frozen=True, tag=21):
    dst: Reg
    base: Reg
    field: str
    index: Reg = NONE
    at: int = 0
    end: int = 0


class Store(_Event, frozen=True, tag=22):
    base: Reg
    field: str
    src: Reg
    index: Reg = NONE
    at: int = 0
    end: int = 0


class Clone(_Event, frozen=True, tag=23):
    """A new struct or array with the field values of ``src``: what they refer to is shared."""

    dst: Reg
    src: Reg
    at: int


class CopyInto(_Event, frozen=True, tag=24):
    """The field values of the storage ``src`` into the storage ``base``."""

    base: Reg
    src: Reg
    at: int
    end: int = 0


class MapOp(_Event, frozen=True, tag=25):
    """An operation on a map's content. ``value`` is the register that a read or len defines (NONE where the value is not used)
    or that a write puts in."""

    op: Literal["read", "write", "delete", "clear", "range", "len"]
    map: Reg
    key: Reg
    value: Reg
    at: int
    end: int


# ---------------------------------------------------------------- calls and channels


class Static(_Event, frozen=True, tag=40):
    """A function or method of the tree, by id. A method's receiver is the first argument."""

    func: str


class Dynamic(_Event, frozen=True, tag=41):
    """The function value in ``reg``."""

    reg: Reg


class Invoke(_Event, frozen=True, tag=42):
    """A method of an interface (or of a type parameter): ``type`` declares it; ``external`` is the name that models use.
    The receiver is the first argument."""

    name: str
    type: Type
    external: str


class External(_Event, frozen=True, tag=43):
    """A function of a library, by the name that models use."""

    name: str


Callee = Static | Dynamic | Invoke | External


class Call(_Event, frozen=True, tag=44):
    """``dsts`` are the results, in order; ``how`` tells a call from a go statement and from a deferred call, which ``RunDefers`` runs:
    that of the function around it where the body is that of a loop over a function."""

    dsts: tuple[Reg, ...]
    callee: Callee
    args: tuple[Reg, ...]
    how: How
    at: int
    end: int


class Send(_Event, frozen=True, tag=45):
    channel: Reg
    value: Reg
    at: int


class Recv(_Event, frozen=True, tag=46):
    dst: Reg
    channel: Reg
    at: int


class Close(_Event, frozen=True, tag=47):
    channel: Reg
    at: int


class RunDefers(_Event, frozen=True, tag=48):
    """The calls deferred on the way here run, the last one first. It stands before every end of a function that defers, panics too."""


class Return(_Event, frozen=True, tag=49):
    values: tuple[Reg, ...]
    at: int


class Panic(_Event, frozen=True, tag=50):
    at: int


Event = (
    Alloc
    | Copy
    | Cast
    | Phi
    | Const
    | Global
    | Closure
    | Bound
    | Op
    | Field
    | Load
    | Store
    | Clone
    | CopyInto
    | MapOp
    | Call
    | Send
    | Recv
    | Close
    | RunDefers
    | Return
    | Panic
)


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events in order, then control. ``kind``: ``jump`` (one successor), ``if`` (``cond`` true: the first, false: the second), ``range``
    (the loop's body, and what follows it; ``cond`` are the rounds, of a channel the value received), ``select`` (any successor; they begin
    with their communication, unless they are the default), ``end`` (none)."""

    events: tuple[Event, ...]
    kind: Literal["jump", "if", "select", "range", "end"]
    succs: tuple[int, ...]
    cond: Reg = NONE


class Body(msgspec.Struct, frozen=True, array_like=True):
    """The body of the function ``func``. Registers 0 … ``params`` - 1 are the receiver and the parameters, then come ``captures`` captured
    values (of a captured variable that changes: its cell). ``types`` and ``names`` go by register; a name is "" for an intermediate value.
    Block 0 is the entry; all others can be reached from it.

    ``loop``: it is the body of a loop over a function, which that function calls as ``yield``: false ends the loop. It has the id of the
    function around it with a number, as the bodies of deferred and started predeclared functions have."""

    func: str
    params: int
    captures: int
    types: tuple[Type, ...]
    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    loop: bool = False
