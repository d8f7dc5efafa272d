"""A proof to a Go test that runs both of its sides many times at the same time, for the race detector to see."""

from typing import NamedTuple

from mapguard.checks import Explainer
from mapguard.evidence.proof import Proof
from mapguard.facts.syntax import TName, Type
from mapguard.findings.model import Finding
from mapguard.program.model import TYPE_PARAM, Func, NamedType
from mapguard.witness.gotypes import File
from mapguard.witness.sides import Side, sides
from mapguard.witness.values import Values

_ROUNDS = 200
_START = (
    "start := make(chan struct{})",
    "var both sync.WaitGroup",
    "run := func(call func()) {",
    "\tboth.Add(1)",
    "\tgo func() {",
    "\t\tdefer both.Done()",
    "\t\t<-start",
    f"\t\tfor i := 0; i < {_ROUNDS}; i++ {{",
    "\t\t\tfunc() {",
    "\t\t\t\tdefer func() { _ = recover() }() // what fails for want of a real object must not end the test",
    "\t\t\t\tcall()",
    "\t\t\t}()",
    "\t\t}",
    "\t}()",
    "}",
)
_END = (
    "close(start)",
    "done := make(chan struct{})",
    "go func() {",
    "\tboth.Wait()",
    "\tclose(done)",
    "}()",
    "select {",
    "case <-done:",
    "\ttime.Sleep(50 * time.Millisecond) // for what the calls have started",
    "case <-time.After(5 * time.Second):",
    "}",
)


class Witness(NamedTuple):
    """A test ``name`` in the file ``path``; ``missing`` says what could not be made, and is marked in the text."""

    path: str
    name: str
    source: str
    missing: tuple[str, ...]


def witness(x: Explainer, finding: Finding, proof: Proof) -> Witness:
    """A ``MissingError`` says why there can be none."""
    called = sides(x, proof)
    first = called[0].func
    package = first.scope.package
    file = File(x.index.types.program, package.path)
    values = Values(x.index.types, file)
    name = f"TestMapguard{finding.fingerprint.replace('-', '_').capitalize()}"
    made, receivers = _objects(values, called)
    calls = [_call(values, side.func, receivers[n]) for n, side in enumerate(called)]
    if len(calls) == 1:
        calls *= 2
    for path in ("sync", "testing", "time"):
        file.use(path)
    source = _source(file, package.name, name, finding, made, calls)
    folder = first.path.rpartition("/")[0]
    path = f"{folder}/" if folder else ""
    return Witness(f"{path}mapguard_{finding.fingerprint}_test.go", name, source, tuple(values.missing))


def _objects(values: Values, called: tuple[Side, ...]) -> tuple[list[str], list[str]]:
    """Statements that make the object that the sides share, and the expression for the receiver of each side."""
    holders = [s for s in called if s.func.recv is not None]
    if not holders:
        return [], ["" for _ in called]
    outermost = max(holders, key=lambda s: len(s.fields))
    assert outermost.func.recv is not None
    made = _made(values, outermost.func.recv, outermost.func)
    receivers = []
    extra: list[str] = []
    for side in called:
        if side.func.recv is None:
            receivers.append("")
        elif side.func.recv is outermost.func.recv:
            receivers.append("shared")
        elif side.fields and outermost.fields[-len(side.fields) :] == side.fields:
            way = outermost.fields[: len(outermost.fields) - len(side.fields)]
            receivers.append(".".join(["shared", *way]))
        else:
            extra += [f"other := {_made(values, side.func.recv, side.func)[0].partition(' := ')[2]}"]
            receivers.append("other")
            values.missing.append(f"how a {side.func.recv.name} gets the map of the {outermost.func.recv.name}")
    return [*made, *extra], receivers


def _made(values: Values, named: NamedType, method: Func) -> list[str]:
    kind: Type = TName(named.pkg, named.name, _arguments(named))
    constructor = values.constructor(named)
    if constructor is not None:
        rest = ", _" * (len(constructor.results) - 1)
        return [f"shared{rest} := {values.call(constructor, 0)}"]
    return [f"shared := {values.object(kind, 0, pointer=True, made=False)}"]


def _arguments(named: NamedType) -> tuple[Type, ...]:
    constraints = dict(zip(named.decl.params, named.decl.constraints, strict=False))
    return tuple(TName(TYPE_PARAM, p, (constraints[p],) if p in constraints else ()) for p in named.decl.params)


def _call(values: Values, func: Func, receiver: str) -> str:
    given = values.arguments(func)
    if func.recv is not None:
        return f"{receiver}.{func.name}({given})"
    return f"{func.name}{values.type_arguments(func)}({given})"


def _source(file: File, package: str, name: str, finding: Finding, made: list[str], calls: list[str]) -> str:
    used = [line for line in made if "shared" in "".join(calls) or not line.startswith("shared")]
    body = [*used, *_START, *(f"run(func() {{ {call} }})" for call in calls), *_END]
    imports = [f"\t{_spec(path, named)}" for path, named in sorted(file.imports.items())]
    comment = f"// {name} runs both sides of a finding at the same time: {finding.rule} of {finding.map.name}.\n"
    comment += f"// Run it with: go test -race -run {name}"
    declared = "\n".join(file.declared)
    lines = "\n".join(f"\t{line}" for line in body)
    head = f"package {package}\n\nimport (\n" + "\n".join(imports) + "\n)\n"
    tail = f"\n{declared}\n" if declared else ""
    return f"{head}\n{comment}\nfunc {name}(t *testing.T) {{\n{lines}\n}}\n{tail}"


def _spec(path: str, name: str) -> str:
    return f'"{path}"' if path.rpartition("/")[2] == name else f'{name} "{path}"'
