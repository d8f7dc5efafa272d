"""Registers and paths of one body to what is known of their values on a way: constants, tests, results of what was asked."""

from collections.abc import Iterator

from mapguard.bodies.facts import ABSENT, FALSE, NIL, PRESENT, SOME, TRUE, ZERO, certain, opposite, possible
from mapguard.bodies.paths import Path
from mapguard.bodies.state import State
from mapguard.bodies.translate import Translator
from mapguard.ir.flow import events
from mapguard.ir.model import NONE, Call, Closure, External, MapOp, Op, Reg
from mapguard.models.load import Models

_STEPS = 4  # variables and fields that a value is followed through


class Values:
    """What the text says of the values of one body."""

    def __init__(self, func: int, translator: Translator, models: Models) -> None:
        self.func = func
        self.translator = translator
        self.models = models
        self.paths = translator.paths(func)
        self.ops: dict[Reg, Op] = {}
        self.found: dict[Reg, Path] = {}  # what a comma-ok form looked up, by the register of the value
        for _, _, event in events(translator.index.bodies[func]):
            match event:
                case Op(dst=dst, op="==" | "!=" | "!" | "ok"):
                    self.ops[dst] = event
                case MapOp(op="read", map=map_, key=key, value=value) if value != NONE:
                    self.found[value] = self.paths.member(map_, "[]", key)

    # ------------------------------------------------------------ asking

    def constant(self, path: Path, steps: int = _STEPS) -> str:
        """The constant that a path's value always is, "" where it is none."""
        if isinstance(path.root, str):
            return self._variable(path.root, steps) if steps and not path.fields else ""
        if not path.fields:
            known = self._number(path.root) or self.paths.constants.get(path.root, "")
            return known or (SOME if self._never_nil(path.root) else "")
        made = self.translator.fields.made(self.func, path) if steps else None
        if made is None:
            return ""
        return self.constant(made.path, steps - 1) if made.path is not None else ZERO

    def _number(self, reg: Reg) -> str:
        number = self.paths.numbers.get(reg)
        if number is not None:
            return f"#{number}"
        event = self.paths.definitions.get(reg)
        return f"#{event.func}" if isinstance(event, Closure) and event.func not in self.translator.index.number else ""

    def _variable(self, name: str, steps: int) -> str:
        kept = self.translator.fields.variable(name)
        if kept is None:
            return ""
        func, src = kept
        return Values(func, self.translator, self.models).constant(self.translator.paths(func).of(src), steps - 1)

    def _never_nil(self, reg: Reg) -> bool:
        event = self.paths.definitions.get(reg)
        if not isinstance(event, Call) or not isinstance(event.callee, External):
            return False
        model = self.models.function(event.callee.name)
        return model is not None and model.never_nil

    def known(self, s: State, path: Path) -> list[str]:
        """All that is known of a path's value."""
        path = s.where(path)
        found = s.knows(path)
        constant = self.constant(path)
        return [*found, constant] if constant else found

    def exact(self, s: State, path: Path) -> str:
        """The constant that a path's value is, or that it is not nil; "" where neither is known."""
        known = self.known(s, path)
        return next((v for v in known if not v.startswith("!") and v not in (ABSENT, PRESENT)), SOME if SOME in known else "")

    def truth(self, s: State, cond: Reg) -> str:
        """``true`` or ``false`` where the value of a condition is known."""
        known = self.known(s, self.paths.of(cond))
        for value in (TRUE, FALSE):
            if certain(known, value):
                return value
        op = self.ops.get(cond)
        if op is None:
            return ""
        if op.op == "!":
            inner = self.truth(s, op.args[0])
            return opposite(inner) if inner else ""
        if op.op == "ok":
            found = self.known(s, self._looked_up(op.args[0]))
            return TRUE if PRESENT in found or not possible(found, ABSENT) else FALSE if ABSENT in found else ""
        for path, constant in self._compared(s, op):
            values = self.known(s, path)
            if certain(values, constant):
                return TRUE if op.op == "==" else FALSE
            if not possible(values, constant):
                return FALSE if op.op == "==" else TRUE
        return ""

    # ------------------------------------------------------------ learning

    def learned(self, s: State, cond: Reg, truth: str) -> list[tuple[Path, str]]:
        """What a condition's being true or false says."""
        found = [(s.where(self.paths.of(cond)), truth)]
        op = self.ops.get(cond)
        if op is None:
            return found
        if op.op == "!":
            return [*found, *self.learned(s, op.args[0], opposite(truth))]
        if op.op == "ok":
            return [*found, (s.where(self._looked_up(op.args[0])), PRESENT if truth == TRUE else ABSENT)]
        same = (truth == TRUE) == (op.op == "==")
        for path, constant in self._compared(s, op):
            found.append((s.where(path), constant if same else SOME if constant == NIL else opposite(constant)))
        return found

    def _compared(self, s: State, op: Op) -> Iterator[tuple[Path, str]]:
        """What a comparison compares with a constant, from either side."""
        x, y = self.paths.of(op.args[0]), self.paths.of(op.args[1])
        for path, other in ((x, y), (y, x)):
            constant = self.constant(s.where(other))
            if constant and not constant.startswith("!"):
                yield path, constant

    def _looked_up(self, reg: Reg) -> Path:
        """The place that a comma-ok form looked at."""
        path = self.paths.of(reg)
        return self.found.get(path.root, path) if isinstance(path.root, int) and not path.fields else path
