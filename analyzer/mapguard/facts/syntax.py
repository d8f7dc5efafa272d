"""Go's types, expressions and statements as compact immutable data: what a function's text says, without any tree of the parser.

``at`` and ``end`` are byte offsets in the file. Types name what the file names: ``TName("http", "Header")`` is not resolved yet.
"""

import msgspec


class _Node(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="_tag"):
    pass


# ---------------------------------------------------------------- types


class TName(_Node, frozen=True, tag=1):
    """``pkg.name[args]``; in facts ``pkg`` is the file's qualifier, after linking the import path ("" for predeclared names)."""

    pkg: str
    name: str
    args: "tuple[Type, ...]" = ()


class TPtr(_Node, frozen=True, tag=2):
    elem: "Type"


class TSlice(_Node, frozen=True, tag=3):
    """A slice or an array: both share what their elements refer to; ``array`` values are copied by assignment."""

    elem: "Type"
    array: bool = False


class TMap(_Node, frozen=True, tag=4):
    key: "Type"
    elem: "Type"


class TChan(_Node, frozen=True, tag=5):
    elem: "Type"


class TFunc(_Node, frozen=True, tag=6):
    params: "tuple[Type, ...]"
    results: "tuple[Type, ...]"
    variadic: bool = False


class Field(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``comment`` is the text beside or above the field when it speaks of a guard."""

    name: str
    type: "Type"
    embedded: bool
    at: int
    comment: str = ""


class TStruct(_Node, frozen=True, tag=7):
    fields: tuple[Field, ...]


class TInterface(_Node, frozen=True, tag=8):
    methods: tuple[tuple[str, TFunc], ...]
    embeds: "tuple[Type, ...]" = ()


class TTuple(_Node, frozen=True, tag=9):
    """Several results of one call."""

    items: "tuple[Type, ...]"


class TUnknown(_Node, frozen=True, tag=10):
    pass


Type = TName | TPtr | TSlice | TMap | TChan | TFunc | TStruct | TInterface | TTuple | TUnknown


# ---------------------------------------------------------------- expressions


class Name(_Node, frozen=True, tag=20):
    name: str
    at: int


class Sel(_Node, frozen=True, tag=21):
    x: "Expr"
    name: str
    at: int
    end: int


class Index(_Node, frozen=True, tag=22):
    """``x[index]``: an element, or a generic function with its type arguments."""

    x: "Expr"
    index: "tuple[Expr, ...]"
    at: int
    end: int


class Call(_Node, frozen=True, tag=23):
    fn: "Expr"
    args: "tuple[Expr, ...]"
    at: int
    end: int
    spread: bool = False


class Lit(_Node, frozen=True, tag=24):
    """A basic literal; ``kind`` is int, float, string or rune. ``text`` is kept for small integers and short strings.

    ``verbs`` are the directives of a string that may be a format, see ``facts.formats``.
    """

    kind: str
    text: str = ""
    verbs: str = ""


class FuncLit(_Node, frozen=True, tag=25):
    """A function literal: ``index`` into ``FileFacts.funcs``."""

    index: int
    at: int


class Composite(_Node, frozen=True, tag=26):
    """``type{key: value, …}``; an elided type is ``TUnknown``; an element without a key has key None."""

    type: Type
    elems: "tuple[tuple[Expr | None, Expr], ...]"
    at: int
    end: int


class Unary(_Node, frozen=True, tag=27):
    """``op`` is one of & * <- ! - + ^."""

    op: str
    x: "Expr"
    at: int
    end: int


class Binary(_Node, frozen=True, tag=28):
    op: str
    x: "Expr"
    y: "Expr"


class Assert(_Node, frozen=True, tag=29):
    """``x.(type)`` with the type asked for."""

    x: "Expr"
    type: Type


class SliceOf(_Node, frozen=True, tag=30):
    """``x[a:b]``."""

    x: "Expr"
    bounds: "tuple[Expr, ...]"


class TypeExpr(_Node, frozen=True, tag=31):
    """A type where an expression may stand: a conversion's function, an argument of make or new.

    ``expr`` is the same text as an expression, where the parser cannot know which of them it is: ``new(x)`` of a type or of a variable.
    """

    type: Type
    expr: "Expr | None" = None


class Opaque(_Node, frozen=True, tag=32):
    """What did not parse, or was nested too deep."""


Expr = Name | Sel | Index | Call | Lit | FuncLit | Composite | Unary | Binary | Assert | SliceOf | TypeExpr | Opaque


# ---------------------------------------------------------------- statements


class ExprStmt(_Node, frozen=True, tag=40):
    x: Expr


class Assign(_Node, frozen=True, tag=41):
    """``lhs op rhs``; ``op`` is =, := or an operator such as +=; ``x++`` is ``x += 1``."""

    lhs: tuple[Expr, ...]
    op: str
    rhs: tuple[Expr, ...]
    at: int


class VarStmt(_Node, frozen=True, tag=42):
    names: tuple[str, ...]
    type: Type | None
    values: tuple[Expr, ...]
    at: int


class GoStmt(_Node, frozen=True, tag=43):
    call: Call
    at: int
    end: int


class DeferStmt(_Node, frozen=True, tag=44):
    call: Call
    at: int


class Return(_Node, frozen=True, tag=45):
    values: tuple[Expr, ...]
    at: int


class Send(_Node, frozen=True, tag=46):
    channel: Expr
    value: Expr
    at: int


class If(_Node, frozen=True, tag=47):
    init: "Stmt | None"
    cond: Expr
    then: "tuple[Stmt, ...]"
    other: "tuple[Stmt, ...]"
    at: int


class For(_Node, frozen=True, tag=48):
    init: "Stmt | None"
    cond: Expr | None
    post: "Stmt | None"
    body: "tuple[Stmt, ...]"
    at: int


class Range(_Node, frozen=True, tag=49):
    """``for key, value := range x``; ``define`` tells := from =."""

    key: Expr | None
    value: Expr | None
    define: bool
    x: Expr
    body: "tuple[Stmt, ...]"
    at: int
    end: int


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One case of a switch or select: expressions or types, or the communication; ``default`` has none."""

    exprs: tuple[Expr, ...]
    types: tuple[Type, ...]
    comm: "Stmt | None"
    body: "tuple[Stmt, ...]"
    default: bool = False


class Switch(_Node, frozen=True, tag=50):
    """``kind`` is expr, type or select. ``bind`` is the variable of a type switch, ``x`` its operand or the tag."""

    kind: str
    init: "Stmt | None"
    x: Expr | None
    bind: str
    cases: tuple[Case, ...]
    at: int


class Block(_Node, frozen=True, tag=51):
    body: "tuple[Stmt, ...]"


class Branch(_Node, frozen=True, tag=52):
    """``kind`` is break, continue, goto or fallthrough."""

    kind: str
    label: str


class Labeled(_Node, frozen=True, tag=53):
    label: str
    stmt: "Stmt"


Stmt = ExprStmt | Assign | VarStmt | GoStmt | DeferStmt | Return | Send | If | For | Range | Switch | Block | Branch | Labeled
