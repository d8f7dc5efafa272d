"""The entries of a model file: one frozen struct for each table of rules/models/*.toml, and the names that an entry describes.

Every key is documented here and, for users, in docs/models.md. An entry without any effect declares the function harmless.
"""

import functools
import re
from typing import Literal

import msgspec

Mode = Literal["read", "write", "token"]
Names = tuple[str, ...]
RootKind = Literal["main", "http", "grpc", "rpc", "informer", "reconcile", "webhook", "timer", "callback", "metrics", "consumer"]
TypeKind = Literal["mutex", "rwmutex", "locker", "waitgroup", "group", "once", "cond", "semaphore", "atomic", "concurrent-map", "pool"]

_VERSION = re.compile(r"(?:/v(?:[2-9]|[1-9]\d+)|\.v\d+)(?=[./)\]]|$)")
_NO_ARGUMENT = frozenset({"", "fresh", "own", "shared", "held", "recv-read"})
_ARGUMENT = re.compile(r"recv|args|arg\d")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    pass


class _Named(_Entry, frozen=True, kw_only=True):
    """``name`` or ``names``, each with a full import path, or short and joined with every path of ``package`` or ``packages``."""

    name: str = ""
    names: Names = ()
    package: str = ""
    packages: Names = ()

    def full_names(self) -> list[str]:
        short = [*self.names, self.name] if self.name else list(self.names)
        paths = [*self.packages, self.package] if self.package else list(self.packages)
        return [qualified(path, name) for path in paths for name in short] if paths else short


class RootModel(_Entry, frozen=True, kw_only=True):
    """The argument ``arg`` becomes an entry point: a function itself, or these methods of an object ("*": all exported ones).

    ``serial``: one goroutine runs the methods of one registration in turn, so that they never meet.
    """

    arg: str
    kind: RootKind
    many: bool = True
    methods: Names = ("*",)
    serial: bool = False


class FunctionModel(_Named, frozen=True, kw_only=True):
    """What a call does. Arguments are named ``recv``, ``arg0``, ``arg1``, … or ``args`` for all of them."""

    acquires: Mode | None = None  # locks the receiver; a "token" is a lock where one can be had only
    releases: Mode | None = None
    try_: bool = msgspec.field(name="try", default=False)  # it holds the lock only when it returned true (or no error)
    claims: bool = False  # sets the receiver, or what arg0 points to, and returns true where it was not set: it is held until it is unset
    unclaims: bool = False  # unsets it
    lends: bool = False  # its first result, a key, is nobody else's until it comes back
    takes_back: str = ""  # the argument that is such a key
    spawns: Names = ()  # runs these on new goroutines
    many: bool = False  # one call of ``spawns`` or ``calls`` runs its functions several times at once
    root: tuple[RootModel, ...] = ()
    calls: Names = ()  # runs these during the call, on the caller's goroutine
    alone: str = ""  # where this argument is a constant, one call of what ``calls`` names is under way at a time for each receiver
    methods: Names = ()  # of a value that ``calls`` names and that is no function: the methods that it runs
    parallel: bool = False  # what ``calls`` names runs on goroutines that all end before the call returns; ``many`` of each, or one
    serial: bool = False  # a method that ``spawns`` names does not run beside itself for one object: a timer that is set again
    once: bool = False  # runs arg0 at most once, before any call returns
    reads: Names = ()  # looks keys up in these maps
    writes: Names = ()  # changes these maps, or the maps that these point to
    iterates: Names = ()  # walks these maps
    deep: bool = False  # what ``iterates`` names is walked with all that can be reached from it, as an encoder does
    unexported: bool = False  # and with fields that are not exported
    prints: bool = False  # what ``iterates`` names is printed: with all its fields, but behind one pointer only
    asks: Names = ()  # a value that has one of these methods is not walked: it is asked for its text
    # what the first result aliases: fresh, own (of the request or message at hand), shared, held (what the receiver was made to hold),
    # recv, recv-read (a lock in read mode), arg0, …; "": unknown
    returns: str = ""
    copies: str = ""  # the first result is new, and its elements or fields are those of this argument
    fills: str = ""  # all that this argument points to is made anew
    holds: Names = ()  # the first result holds these, for what "held" gives
    derives: str = ""  # and all that this one holds
    tokens: str = ""  # the argument that says how many tokens can be had of the first result
    adds: bool = False  # WaitGroup.Add
    done: bool = False  # WaitGroup.Done
    joins: bool = False  # waits for the goroutines of the receiver
    pauses: bool = False  # waits until the receiver calls for it
    publishes: Names = ()  # keeps these where other goroutines can reach them
    runs_handlers: bool = False  # what has been registered with the receiver is called from here on, not before
    never_nil: bool = False  # its first result is never nil
    noreturn: bool = False
    detaches: bool = False  # its caller goes on on a goroutine of its own, beside who called that
    checks: bool = False  # looks arg0 up in the receiver, atomically by itself
    acts: bool = False  # stores under arg0 in the receiver, atomically by itself

    @property
    def permits(self) -> bool:
        """Whether it takes or gives up a lock, or what works like one."""
        return bool(self.acquires or self.releases or self.claims or self.unclaims or self.lends or self.takes_back)

    def keeps(self, argument: str) -> bool:
        """Whether it keeps an argument where other goroutines can reach it."""
        return argument in self.publishes or (argument != "recv" and ("args" in self.publishes or self.acts))

    def arguments(self) -> set[str]:
        """Every argument name that the entry uses."""
        used = {*self.spawns, *self.calls, *self.reads, *self.writes, *self.iterates, *self.publishes, *self.holds}
        used.update(r.arg for r in self.root)
        return used | ({self.returns, self.tokens, self.alone, self.copies, self.derives, self.fills, self.takes_back} - _NO_ARGUMENT)


class TypeModel(_Named, frozen=True, kw_only=True):
    """What a type is to the analysis."""

    kind: TypeKind = msgspec.field(name="is")


class SignatureModel(_Entry, frozen=True, kw_only=True):
    """Every function, method and literal of the tree with these parameter (and result, when given) types is an entry point.

    ``many_if_named``: one at a time unless the tree uses this name, that of the setting which makes it many.
    """

    params: Names
    results: Names | None = None
    kind: RootKind
    many: bool = True
    many_if_named: str = ""


class MethodModel(_Entry, frozen=True, kw_only=True):
    """Every method of this name (and these types, when given), on any type of the tree, is an entry point by contract.

    ``many_if_named`` as for a signature.
    """

    name: str
    params: Names | None = None
    results: Names | None = None
    kind: RootKind
    many: bool = True
    many_if_named: str = ""


class EmbeddingModel(_Entry, frozen=True, kw_only=True):
    """Exported methods of a type that embeds a struct of this name pattern are entry points."""

    pattern: str
    kind: RootKind
    many: bool = True


class RegistrationModel(_Entry, frozen=True, kw_only=True):
    """Functions of this name pattern register their argument; a pattern with a dot is matched with the import path."""

    pattern: str
    arg: str
    kind: RootKind
    many: bool = True
    methods: Names = ("*",)


class FieldModel(_Entry, frozen=True, kw_only=True):
    """Functions stored in these fields of a library's struct are entry points.

    ``serial``: one goroutine runs the functions of one composite literal in turn, so that they never meet. ``stage``: where the main
    goroutine runs them, those of a later stage run later, and of one stage one process runs one only.
    """

    type: str
    names: Names
    kind: RootKind
    many: bool = True
    serial: bool = False
    stage: int = -1


class PackageModel(_Entry, frozen=True, kw_only=True):
    """Go declarations of a package outside the tree, for the types of expressions. ``paths``: the same under several import paths.

    ``name`` is the package's name where the path does not tell it.
    """

    path: str = ""
    paths: Names = ()
    name: str = ""
    go: str

    def import_paths(self) -> Names:
        return (*self.paths, self.path) if self.path else self.paths


class ModelFile(_Entry, frozen=True, kw_only=True):
    """One file of models."""

    function: tuple[FunctionModel, ...] = ()
    type: tuple[TypeModel, ...] = ()
    signature: tuple[SignatureModel, ...] = ()
    method: tuple[MethodModel, ...] = ()
    embedding: tuple[EmbeddingModel, ...] = ()
    registration: tuple[RegistrationModel, ...] = ()
    field: tuple[FieldModel, ...] = ()
    package: tuple[PackageModel, ...] = ()


@functools.cache
def canonical(name: str) -> str:
    """A path, name or type without the major version suffixes of its import paths: ``/v2`` and above, and gopkg.in's ``.v1``."""
    return _VERSION.sub("", name) if "v" in name else name


@functools.cache
def serves_calls(params: tuple[str, ...], results: tuple[str, ...]) -> bool:
    """Whether a method of a service can be one of its calls: it takes a context, or returns nothing but an error (streams, net/rpc)."""
    return bool(params) and (params[0].endswith("context.Context") or results == ("error",))


def comparable_type(text: str) -> str:
    """A Go type as the analysis shows it: canonical, ``any``, variadic as a slice, channels without direction."""
    plain = text.replace("interface{}", "any").replace("...", "[]").replace("chan<- ", "chan ").replace("<-chan ", "chan ")
    return canonical(plain)


def qualified(package: str, name: str) -> str:
    """``(*T).M`` of the package ``p`` is ``(*p.T).M``; ``F`` is ``p.F``."""
    if name.startswith("(*"):
        return f"(*{package}.{name[2:]}"
    if name.startswith("("):
        return f"({package}.{name[1:]}"
    return f"{package}.{name}"


def is_argument(name: str) -> bool:
    return _ARGUMENT.fullmatch(name) is not None
