"""Files and their tests to a test that reaches a function, found by following calls backwards with the types that the text shows.

It resolves static calls, fields, results and embedded types, which covers most tests, and nothing more.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mapguard.base.span import line_of
from mapguard.checks.filetext import FileText, FunctionText
from mapguard.facts.model import FileFacts, FuncFacts
from mapguard.facts.syntax import Assign, Call, Composite, Expr, Name, Sel, TInterface, TName, TPtr, TStruct, Type, TypeExpr, Unary, VarStmt
from mapguard.program.names import default_name

_DEPTH = 6  # embedded types and chains of selectors


class Function(NamedTuple):
    """A function by package, receiver type ("" for none) and name. The package "" matches every package: only the name is known."""

    package: str
    receiver: str
    name: str


class Reached(NamedTuple):
    """``test`` is the pattern for ``-run``. The test reaches ``function``; ``direct`` says that it calls it itself."""

    test: str
    name: str
    path: str
    line: int
    function: Function
    direct: bool


class Reach:
    """The calls in some files, by name. Only functions whose text names what is asked for are looked into."""

    def __init__(self, texts: Iterable[FileText]) -> None:
        self._texts = sorted((t for t in texts if t.file.active), key=lambda t: t.file.path)
        self._results: dict[Function, tuple[Type, ...]] = {}
        self._scopes: dict[Function, FileFacts] = {}
        self._structs: dict[tuple[str, str], tuple[FileFacts, TStruct]] = {}
        self._concrete: set[tuple[str, str]] = set()
        self._calls: dict[int, frozenset[Function]] = {}  # by identity of the function's text
        for text in self._texts:
            file = text.file
            self._concrete.update((_package(file), decl.name) for decl in file.types if not isinstance(decl.type, TInterface))
            for decl in file.types:
                if isinstance(decl.type, TStruct):
                    self._structs.setdefault((_package(file), decl.name), (file, decl.type))
            for func in (f.func for f in text.functions):
                self._results.setdefault(_ident(file, func), tuple(r.type for r in func.results))
                self._scopes.setdefault(_ident(file, func), file)

    def test(self, targets: Sequence[Function]) -> Reached | None:
        """The test that is the fewest calls away; among equals the one that reaches the earliest target, then the first by place."""
        queue = [(target, target) for target in targets]
        seen = set(targets)
        for at, target in queue:  # the loop appends to it
            for file, func in self._callers(at):
                pattern = self._pattern(file, func)
                if pattern:
                    line = line_of(list(file.newlines), func.at)
                    return Reached(pattern, func.name, file.path, line, target, at == target)
                caller = _ident(file, func)
                if caller not in seen:
                    seen.add(caller)
                    queue.append((caller, target))
        return None

    def _pattern(self, file: FileFacts, func: FuncFacts) -> str:
        """What ``-run`` takes for a test, a method of a suite or a spec that a test runs; "" for every other function."""
        if not file.test:
            return ""
        if func.recv is None and _named_as_test(func.name):
            return f"^{func.name}$" if len(func.params) == 1 else ""
        suite = func.recv is not None and _named_as_test(func.name)
        if not suite and ".func" not in func.name:
            return ""
        by = _receiver(func) if suite else "RunSpecs"  # ginkgo's specs are literals at package level
        for text in self._texts:
            for test in text.naming.get(by, ()) if text.file.test and _package(text.file) == _package(file) else ():
                if test.func.recv is None and _named_as_test(test.func.name) and len(test.func.params) == 1:
                    return f"^{test.func.name}$/^{func.name}$" if suite else f"^{test.func.name}$"
        return ""

    # ------------------------------------------------------------ calls

    def _callers(self, called: Function) -> Iterator[tuple[FileFacts, FuncFacts]]:
        """The functions that call one, in the order of files."""
        for text in self._texts:
            for function in text.naming.get(called.name, ()):
                calls = self._calls.get(id(function))
                if calls is None:
                    calls = self._calls[id(function)] = frozenset(self._called(text.file, function))
                if called in calls:
                    yield text.file, function.func

    def _called(self, file: FileFacts, function: FunctionText) -> Iterator[Function]:
        """The functions that a function and its literals call, or pass on as values."""
        types = self._variables(file, function)
        for node in function.names:
            if isinstance(node, Name):
                yield Function(_package(file), "", node.name)
            else:
                package = _imported(file, node.x.name) if isinstance(node.x, Name) and node.x.name not in types else None
                if package is not None:
                    yield Function(package, "", node.name)
                    continue
                owner = self._type(file, node.x, types)
                if owner is not None and owner in self._concrete:
                    yield self._method(owner, node.name)
                else:  # an interface, a type of another file, or a type that the text does not show
                    yield Function("", "", node.name)

    def _variables(self, file: FileFacts, function: FunctionText) -> dict[str, tuple[str, str]]:
        """Local names to their named types, as far as parameters, declarations and assignments show them."""
        found: dict[str, tuple[str, str]] = {}
        for param in (p for f in function.inside for p in (*f.params, *([f.recv] if f.recv is not None else []))):
            self._bind(found, param.name, _named(file, param.type))
        for node in function.set:  # in source order: the type of an operand is known before its use
            names = [x.name if isinstance(x, Name) else "_" for x in node.lhs] if isinstance(node, Assign) else list(node.names)
            values = node.rhs if isinstance(node, Assign) else node.values
            declared = _named(file, node.type) if isinstance(node, VarStmt) and node.type is not None else None
            for number, name in enumerate(names):
                if declared is None and len(values) == len(names):
                    self._bind(found, name, self._type(file, values[number], found))
                elif declared is None and values:
                    self._bind(found, name, self._type(file, values[0], found, number))
                else:
                    self._bind(found, name, declared)
        return found

    @staticmethod
    def _bind(found: dict[str, tuple[str, str]], name: str, named: tuple[str, str] | None) -> None:
        if named is not None:
            found.setdefault(name, named)

    # ------------------------------------------------------------ types

    def _type(self, file: FileFacts, x: Expr, types: dict[str, tuple[str, str]], result: int = 0, depth: int = 0) -> tuple[str, str] | None:
        """The named type of an expression as package and name; None where the text does not show it."""
        if depth > _DEPTH:
            return None
        match x:
            case Name():
                return types.get(x.name)
            case Composite():
                return _named(file, x.type)
            case Unary(op="&" | "*"):
                return self._type(file, x.x, types, 0, depth + 1)
            case Call(fn=Name(name="new"), args=(TypeExpr(type=made), *_)):
                return _named(file, made)
            case Call(fn=Name(name="new"), args=(Name(name=made), *_)):
                return (_package(file), made)
            case Call(fn=Name(name=called)):
                return self._result(Function(_package(file), "", called), result)
            case Call(fn=Sel(x=Name(name=alias), name=called)) if alias not in types and (package := _imported(file, alias)) is not None:
                return self._result(Function(package, "", called), result)
            case Call(fn=Sel() as fn):
                owner = self._type(file, fn.x, types, 0, depth + 1)
                return self._result(self._method(owner, fn.name), result) if owner is not None else None
            case Sel():
                owner = self._type(file, x.x, types, 0, depth + 1)
                return self._field(owner, x.name) if owner is not None else None
        return None

    def _result(self, function: Function, number: int) -> tuple[str, str] | None:
        results = self._results.get(function, ())
        return _named(self._scopes[function], results[number]) if number < len(results) else None

    def _method(self, owner: tuple[str, str], name: str, depth: int = 0) -> Function:
        """The method that a selector denotes: one of the type itself, else of a type that it embeds."""
        own = Function(*owner, name)
        if own in self._results or depth > _DEPTH or owner not in self._structs:
            return own
        file, struct = self._structs[owner]
        for field in struct.fields:
            inner = _named(file, field.type) if field.embedded else None
            promoted = self._method(inner, name, depth + 1) if inner is not None else own
            if promoted in self._results:
                return promoted
        return own

    def _field(self, owner: tuple[str, str], name: str) -> tuple[str, str] | None:
        if owner not in self._structs:
            return None
        file, struct = self._structs[owner]
        return next((_named(file, field.type) for field in struct.fields if field.name == name), None)


def _package(file: FileFacts) -> str:
    """The import path of a file's package; an external test package in the same folder has its own."""
    return f"{file.package_path}_test" if file.test and file.package.endswith("_test") else file.package_path


def _receiver(func: FuncFacts) -> str:
    if func.recv is None:
        return ""
    base = func.recv.type.elem if isinstance(func.recv.type, TPtr) else func.recv.type
    return base.name if isinstance(base, TName) else ""


def _ident(file: FileFacts, func: FuncFacts) -> Function:
    return Function(_package(file), _receiver(func), func.name)


def _named(file: FileFacts, t: Type) -> tuple[str, str] | None:
    base = t.elem if isinstance(t, TPtr) else t
    if not isinstance(base, TName):
        return None
    if not base.pkg:
        return (_package(file), base.name)
    package = _imported(file, base.pkg)
    return (package, base.name) if package is not None else None


def _imported(file: FileFacts, name: str) -> str | None:
    return next((i.path for i in file.imports if (i.name or default_name(i.path)) == name), None)


def _named_as_test(name: str) -> bool:
    rest = name.removeprefix("Test")
    return rest != name and not rest[:1].islower() and name != "TestMain"
