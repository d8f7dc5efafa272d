"""A map to a new mutex beside it: its declaration, its name in each function, and the comment that says what it guards."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from mapguard.bodies.paths import Path, is_element
from mapguard.checks import Explainer
from mapguard.checks.location import Location, last, owner
from mapguard.checks.variables import Variable
from mapguard.evidence.location import type_of
from mapguard.facts.syntax import Field, TName, TPtr, TStruct
from mapguard.fix import comments
from mapguard.fix.edit import Edit, EditError
from mapguard.fix.fields import add_field, add_variable, declared_names
from mapguard.fix.imports import name_for
from mapguard.fix.keyed import keyed
from mapguard.fix.plan import Needed
from mapguard.fix.shape import GoFile
from mapguard.program.model import NamedType
from mapguard.races.contexts import Anchored, Context
from mapguard.repair.wanting import Level, as_text, forms, within

Reader = Callable[[str], GoFile]


class Declared(NamedTuple):
    """``name`` is the new mutex as its package knows it; ``edits`` declare it and say what it guards."""

    name: str
    edits: tuple[Edit, ...]
    imports: tuple[Needed, ...]


class Home(NamedTuple):
    """Where the mutex of a field goes: beside ``field`` of ``holder``, which is the map, or a struct by value that the map lies in."""

    holder: NamedType
    field: Field

    @property
    def identity(self) -> str:
        return f"{self.holder.pkg}.{self.holder.name}.{self.field.name}"


class NewLock:
    """The mutex that one map gets. ``shared``: readers hold it together; ``packages`` are those that take it; ``taken`` are names that
    other plans have given out, by the package or type that they belong to; ``beside`` gives the test files of a folder."""

    def __init__(
        self,
        x: Explainer,
        where: Location,
        ways: Iterable[Context],
        packages: set[str],
        shared: bool,
        taken: dict[str, set[str]],
        beside: Callable[[str], Iterable[str]],
    ) -> None:
        self.x = x
        self.where = where
        self.program = x.index.types.program
        self.abroad = packages - {self._package()}
        self.shared = shared
        self.beside = beside
        self.taken = taken
        self.home = self._home(list(ways)) if where.kind == "field" else None
        self.name = self._name()

    def written(self, level: Level) -> str | None:
        """The mutex as the function of a level writes it; None where it has no name there."""
        match self.where.kind:
            case "global":
                return self.x.locks.written(Anchored(level.number, Path(f"{self._package()}.{self.name}")), level.number)
            case "field":
                return self._of_object(level)
            case _:
                outer = self.program.by_id[self.where.name]
                return self.name if within(self.x.functions.of(level.number), outer) else None

    def declared(self, read: Reader) -> Declared:
        """An ``EditError`` says why it cannot be declared."""
        match self.where.kind:
            case "global":
                return self._beside_variable(read)
            case "field":
                return self._beside_field(read)
            case _:
                return self._beside_local(read)

    # ------------------------------------------------------------ where it goes

    def _package(self) -> str:
        if self.where.kind in ("global", "field"):
            return self.where.package
        return self.program.by_id[self.where.name].scope.package.path

    def _home(self, ways: list[Context]) -> Home:
        """The struct that declares the map; where that is copied, the one that contains it by value on every way."""
        holder, name = self._struct(self.where.package, self.where.owner), self.where.last
        home = self._beside(holder, name)
        copied = self.x.adviser.copier(holder.pkg, holder.name)
        while copied:
            outer = {self._outer_of(c, home) for c in ways}
            if len(outer) != 1 or None in outer:
                raise EditError(f"'{copied}' copies '{home.holder.name}', and would copy a lock in it")
            (field,) = outer
            package, _, type_name = owner(field or "").rpartition(".")
            home = self._beside(self._struct(package, type_name), last(field or ""))
            copied = self.x.adviser.copier(home.holder.pkg, home.holder.name)
        return home

    def _struct(self, package: str, name: str) -> NamedType:
        named = self.program.named(package, name)
        if named is None or not isinstance(named.decl.type, TStruct):
            raise EditError(f"the type of '{self.where.last}' is not declared in this tree")
        path = named.scope.file.path
        if named.scope.file.generated:
            raise EditError(f"'{self.where.last}' is declared in generated code")
        if path.startswith("<") or "vendor" in path.split("/"):
            raise EditError(f"'{self.where.last}' is declared outside of this tree")
        return named

    @staticmethod
    def _beside(holder: NamedType, name: str) -> Home:
        field = next((f for f in _fields(holder) if f.name == name), None)
        if field is None:
            raise EditError(f"'{holder.name}' has no field '{name}' of its own")
        return Home(holder, field)

    def _outer_of(self, c: Context, home: Home) -> str | None:
        paths = forms(self.x, c.map.func, c.map.path)
        return next((found for p in paths if (found := self._outer(p, home)) is not None), None)

    def _outer(self, path: Path, home: Home) -> str | None:
        """The field, of struct type, that leads to the struct of ``home`` on a way to the map."""
        fields = path.fields
        at = next((i for i in range(len(fields) - 1, -1, -1) if fields[i] == home.identity), 0)
        before = fields[at - 1] if at > 0 else ""
        if not before or is_element(before) or "." not in before:
            return None
        kind = type_of(self.x.index, Location("field", before))
        return before if not isinstance(kind, TPtr) and isinstance(self.x.index.types.underlying(kind), TStruct) else None

    # ------------------------------------------------------------ its name

    def _name(self) -> str:
        if self.home is not None:
            known, key = self._names_of(self.home.holder), f"{self.home.holder.pkg}.{self.home.holder.name}"
            wanted = [*(["mu"] if self._alone() else []), f"{_lower(self.where.last)}Mu"]
        elif self.where.kind == "global":
            package = self.program.packages[self._package()]
            known, key = {*package.globals, *package.types, *package.funcs}, self._package()
            wanted = [f"{self.where.last}Mu"]
        else:
            variable = self._variable()
            known, key = set(), variable.func.frame.id
            wanted = [f"{variable.name}Mu"]
        if self.abroad:
            wanted = [w[:1].upper() + w[1:] for w in wanted]
        used = {*known, *self.taken.get(key, ())}
        candidates = (*wanted, *(f"{wanted[-1]}{n}" for n in range(2, 99)))
        name = next(c for c in candidates if c not in used)
        self.taken.setdefault(key, set()).add(name)
        return name

    def _alone(self) -> bool:
        """Whether the map is the only one of the struct that gets the mutex, so that nobody has to ask what ``mu`` guards."""
        assert self.home is not None
        types = self.x.index.types
        kinds = [types.select(TName(self.home.holder.pkg, self.home.holder.name), f.name) for f in _fields(self.home.holder)]
        maps = [k for k in kinds if k is not None and k.steps and types.map_of(k.steps[-1].type) is not None]
        return self.home.identity == self.where.name and len(maps) == 1

    def _names_of(self, holder: NamedType) -> set[str]:
        """What ``x.name`` means already, also through what is embedded."""
        kind = TName(holder.pkg, holder.name)
        names = {"mu", f"{_lower(self.where.last)}Mu"}
        names |= {n[:1].upper() + n[1:] for n in names}
        return {n for n in names if n in holder.methods or self.x.index.types.select(kind, n) is not None}

    def _of_object(self, level: Level) -> str | None:
        assert self.home is not None
        fields = level.path.fields
        at = next((i for i in range(len(fields) - 1, -1, -1) if fields[i] == self.home.identity), -1)
        if at < 0:
            return None
        added = f"{owner(self.home.identity)}.{self.name}"
        path = Path(level.path.root, (*fields[:at], added))
        text = as_text(self.x, level, self.home.identity, self.name)
        return text or self.x.locks.written(Anchored(level.number, path), level.number)

    # ------------------------------------------------------------ its declaration

    def _beside_field(self, read: Reader) -> Declared:
        assert self.home is not None
        scope = self.home.holder.scope
        file = read(scope.file.path)
        sync, imports = self._sync(file, scope.package.globals)
        edits = add_field(file, self.home.field.at, f"{self.name} {sync}")
        edits = (*edits, *self._keyed(read))
        beside = self.home.identity == self.where.name
        guard = self.name if beside else f"{self.home.holder.name}.{self.name}"
        map_ = self._beside(self._struct(self.where.package, self.where.owner), self.where.last)
        there = read(map_.holder.scope.file.path)
        return Declared(self.name, (*edits, *_guarded(there, map_.field.at, self.where.last, guard)), imports)

    def _keyed(self, read: Reader) -> Iterator[Edit]:
        """Objects of the struct with the names of its fields, where they are written without."""
        assert self.home is not None
        holder = self.home.holder
        fields = [f.name for f in _fields(holder)]
        for path, scope in sorted(self.program.scopes.items()):
            here = "" if scope.package.path == holder.pkg else next((n for n, p in scope.imports.items() if p == holder.pkg), None)
            if here is not None and not path.startswith("<") and holder.name.encode() in self.x.sources.source(path):
                yield from keyed(read(path), here, holder.name, fields)
        for path in self.beside(holder.scope.file.path.rpartition("/")[0]):
            file = read(path)
            own = file.tokens[file.text.after(file.text.after(-1))].text.decode("utf-8", "replace") == holder.scope.package.name
            if path not in self.program.scopes:
                yield from keyed(file, "" if own else holder.scope.package.name, holder.name, fields)

    def _beside_variable(self, read: Reader) -> Declared:
        variable = self.program.variable(self.where.name)
        if variable is None or variable.scope.file.generated or variable.scope.file.path.startswith("<"):
            raise EditError(f"'{self.where.last}' is declared outside of this tree, or in generated code")
        file = read(variable.scope.file.path)
        sync, imports = self._sync(file, variable.scope.package.globals)
        edits = add_variable(file, variable.at, f"{self.name} {sync}")
        return Declared(self.name, (*edits, *_guarded(file, variable.at, self.where.last, self.name)), imports)

    def _beside_local(self, read: Reader) -> Declared:
        variable = self._variable()
        file = read(variable.func.path)
        sync, imports = self._sync(file, variable.func.scope.package.globals)
        return Declared(self.name, add_variable(file, variable.at, f"{self.name} {sync} // guards {variable.name}"), imports)

    def _variable(self) -> Variable:
        variable = self.x.variables.of(self.x.index.number[self.where.name], self.where.at)
        if self.where.kind != "local" or not variable.name or variable.at < 0:
            raise EditError("the map is passed in: only who makes it can give it a lock")
        return variable

    def _sync(self, file: GoFile, taken: Iterable[str]) -> tuple[str, tuple[Needed, ...]]:
        name, lacking = name_for(file, "sync", set(taken))
        needed = (Needed(file.path, lacking),) if lacking is not None else ()
        return f"{name}.{'RWMutex' if self.shared else 'Mutex'}", needed


def _guarded(file: GoFile, at: int, name: str, lock: str) -> Iterator[Edit]:
    """The comment beside the map that names its guard, where it speaks of that map alone."""
    with suppress(EditError):
        if declared_names(file, file.item(at)) in ([name], []) or file.tokens[file.item(at).first].text == b"var":
            yield from comments.beside(file, at, f"guarded by {lock}")


def _fields(holder: NamedType) -> tuple[Field, ...]:
    under = holder.decl.type
    return under.fields if isinstance(under, TStruct) else ()


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
