"""Names of settings that models ask for to the packages and types that use them."""

from mapguard.heap.index import Index
from mapguard.ir.model import Call, External, Field, Load, Store
from mapguard.models.load import Models
from mapguard.program.model import Func


class Settings:
    def __init__(self, index: Index, models: Models) -> None:
        self.index = index
        self.wanted = frozenset(models.settings())
        self._users: dict[tuple[str, str], set[str]] | None = None

    def uses(self, func: Func, name: str) -> bool:
        """Whether the package of a function uses a field or method of this name, outside the methods of other types than the function's."""
        if self._users is None:
            self._users = {}
            for number, body in enumerate(self.index.bodies):
                for block in body.blocks:
                    for event in block.events:
                        match event:
                            case Store(field=used) | Load(field=used) | Field(field=used) | Call(callee=External(name=used)):
                                self._note(number, used.rpartition(".")[2])
        users = self._users.get((func.scope.package.path, name), set())
        return "" in users or (func.recv is not None and func.recv.name in users)

    def _note(self, number: int, name: str) -> None:
        func = self.index.funcs[number]
        if name not in self.wanted or func is None:
            return
        assert self._users is not None
        recv = func.frame.recv
        self._users.setdefault((func.scope.package.path, name), set()).add(recv.name if recv is not None else "")
