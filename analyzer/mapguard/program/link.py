"""All files' facts to one ``Program``: declarations by package, methods by type, literals under their functions.

Files of another platform or build tag are alternatives: their declarations count only where no active file has the same one.
"""

from collections.abc import Collection, Iterable, Sequence

from mapguard.facts.model import FileFacts, FuncFacts
from mapguard.facts.syntax import TName, TPtr, TUnknown, Type
from mapguard.program.model import NO_PARAMS, TYPE_PARAM, Func, Global, NamedType, Package, Params, Program, Scope
from mapguard.program.names import canonical_type, default_name, type_parameters
from mapguard.program.testcode import imports_tests, kept_for_tests
from mapguard.program.types import substitute


def link(
    files: Sequence[FileFacts],
    declarations: Iterable[FileFacts] = (),
    modules: Collection[str] = (),
    tests: bool = False,
    alone: bool = True,
    named: Collection[str] = (),
    shared_loops: Collection[str] = (),
) -> Program:
    """``files`` are analysed; ``declarations`` (siblings, vendor, models of libraries) only give types and signatures.

    ``modules`` are the paths of the tree's modules. With ``tests`` only the code of ``_test.go`` files counts as serving tests. Without
    it, folders for tests are like all others where the repository has nothing else (``alone``: these are all of its files), and so are
    the files of ``named``: somebody asked for them. ``shared_loops`` are those of the
    modules that are written in a Go before 1.22.
    """
    program = Program()
    program.modules = tuple(sorted(set(modules), key=lambda m: (-len(m), m)))
    ordered = sorted(files, key=lambda f: (not f.active, f.test, f.path))
    everything = [*ordered, *sorted(declarations, key=lambda f: (not f.active, f.path))]
    for file in everything:
        path = package_key(file)
        package = program.packages.get(path)
        if package is None:
            package = program.packages[path] = Package(path, file.package)
        program.files.setdefault(file.path, file)
    apart = () if tests else tuple(f.path for f in files if f.path not in named and kept_for_tests(f, modules, program.packages))
    program.for_tests = frozenset(apart) if len(apart) < len(files) or not alone else frozenset()
    for file in everything:
        _types(program, file, tests)
    for file in everything:
        _members(program, file)
    for func in program.funcs:
        program.by_id[func.id] = func
    for scope in program.scopes.values() if shared_loops else ():
        scope.shared_loops = program.module_of(scope.file.package_path) in shared_loops
    return program


def package_key(file: FileFacts) -> str:
    """An external test package ``p_test`` lives in the same folder as ``p`` but is another package."""
    return f"{file.package_path}_test" if file.package.endswith("_test") and file.test else file.package_path


def _types(program: Program, file: FileFacts, tests: bool) -> None:
    package = program.packages[package_key(file)]
    imports: dict[str, str] = {}
    dots: list[str] = []
    for imported in file.imports:
        if imported.name == "." and imported.path == package.path:
            continue  # no valid program, and no names but its own
        if imported.name == ".":
            dots.append(imported.path)
        elif imported.name != "_":
            known = program.packages.get(imported.path)
            name = imported.name or (known.name if known is not None and known.name else default_name(imported.path))
            imports.setdefault(name, imported.path)
    told = file.test or not tests  # with ``tests`` no rule but the name of the file says so
    support = file.path in program.for_tests or (told and imports_tests(file))
    scope = Scope(file, package, imports, tuple(dots), support, told)
    program.scopes.setdefault(file.path, scope)
    for decl in file.types:
        if decl.name not in package.types:
            package.types[decl.name] = NamedType(package.path, decl.name, decl, scope)
    for name, kind, value in file.consts:
        if package.const_values.setdefault(name, value) != value:
            package.const_values[name] = ""  # another value on another platform
        package.consts.setdefault(name, canonical_type(kind, scope) if kind is not None else None)


def _members(program: Program, file: FileFacts) -> None:
    scope = program.scopes[file.path]
    if scope.file is not file:
        return
    package = scope.package
    for spec in file.vars:
        for index, name in enumerate(spec.names):
            if name == "_" or name in package.globals:
                continue
            variable = Global(package.path, name, spec.name_at[index], spec, index, scope)
            if spec.type is not None:
                variable.type = canonical_type(spec.type, scope)
            package.globals[name] = variable
    made: dict[int, Func] = {}
    for facts in sorted(file.funcs, key=lambda f: f.index):
        outer = made.get(facts.parent) if facts.parent >= 0 else None
        if facts.parent >= 0 and outer is None:
            continue
        func = _declare(program, package, scope, facts, outer)
        if func is not None:
            made[facts.index] = func
            program.at_index[(file.path, facts.index)] = func
            if facts.body is not None:
                program.funcs.append(func)


def _declare(program: Program, package: Package, scope: Scope, facts: FuncFacts, outer: Func | None) -> Func | None:
    """None when an active file already declares the same function."""
    params = type_parameters(facts.type_params, facts.constraints, scope)
    recv: NamedType | None = None
    if facts.recv is not None:
        name, arguments = _receiver(facts.recv.type)
        recv = package.types.get(name)
        params = {**_renamed(recv, arguments), **params}
        ident = f"{package.path}.({name}).{facts.name}"
        if recv is not None and facts.name in recv.methods:
            return None
    elif outer is not None:
        params = outer.type_params
        ident = f"{outer.id}${facts.index}"
    elif facts.parent < 0 and ".func" in facts.name:
        ident = f"{package.path}.{scope.file.path}#{facts.name}"
    elif facts.name in ("init", "_", "main") and facts.name in package.funcs:
        ident = f"{package.path}.{facts.name}@{scope.file.path}:{facts.at}"
    else:
        ident = f"{package.path}.{facts.name}"
        if facts.name in package.funcs:
            return None
    func = Func(ident, facts, scope, outer)
    func.recv = recv
    func.type_params = params
    if facts.recv is not None:
        func.recv_type = canonical_type(facts.recv.type, scope, params)
        if recv is not None:
            recv.methods[facts.name] = func
    elif outer is None:
        package.funcs.setdefault(facts.name, func)
    if facts.name == "init" and outer is None and recv is None:
        program.inits.append(func)
    func.params = tuple(canonical_type(p.type, scope, params) for p in facts.params)
    func.results = tuple(canonical_type(r.type, scope, params) for r in facts.results)
    return func


def _receiver(t: Type) -> tuple[str, tuple[str, ...]]:
    base = t.elem if isinstance(t, TPtr) else t
    if isinstance(base, TName):
        return base.name, tuple(a.name for a in base.args if isinstance(a, TName))
    return "", ()


def _renamed(recv: NamedType | None, names: tuple[str, ...]) -> Params:
    """The type parameters of a receiver's type, under the names that the method gives them."""
    mine = type_parameters(recv.decl.params, recv.decl.constraints, recv.scope) if recv is not None else NO_PARAMS
    bound: dict[str, Type] = {theirs: TName(TYPE_PARAM, name) for theirs, name in zip(mine, names, strict=False)}
    forms = {name: substitute(form, bound) for name, form in zip(names, mine.values(), strict=False)}
    return {**dict.fromkeys(names, TUnknown()), **forms}
