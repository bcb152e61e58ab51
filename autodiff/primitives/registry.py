"""The registry: what has been declared, by name, and how a declaration is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..graph.value import Value


class Operation:
    """What has a name in the registry: a function of numbers, arrays and nodes.

    `rule` is the function that was declared, `call` the one that is called. An operation that
    is not `public` is what others are made of, and `dir(autodiff)` leaves it out. One that has
    a formula is a `Primitive`; any other is a composite, written in operations.
    """

    call: Callable[..., Any]
    public = True

    def __init__(self, rule: Callable[..., Any]) -> None:
        self.name = rule.__name__
        self.rule = rule

    @property
    def kind(self) -> str:
        """The decorator by which it was declared: `elementwise`, `primitive`, ..."""
        return "composite"


@dataclass(frozen=True)
class Helper:
    """A function of arrays that formulas call by name.

    `bodies` has the body that it has in another target language, by the language's name.
    """

    function: Callable[..., Any]
    bodies: Mapping[str, str]


class Registry:
    """Everything that declarations say. There is one: `registry`."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        # What a function of NumPy's is on a Tensor.
        self.numpy: dict[Any, Callable[..., Any]] = {}
        self.helpers: dict[str, Helper] = {}
        # The helper that gives the results of two operations on the same operands at once.
        self.fused: dict[tuple[str, str], str] = {}
        # The methods of users' operations; those of the engine's stand in operations/methods.py.
        self.methods: dict[str, Callable[..., Any]] = {}

    def add(self, operation: Operation, call: Callable[..., Any]) -> None:
        """Enter an operation, in the place of the same declaration if that is run again.

        Raises ValueError for a name that is taken.
        """
        before = self.operations.get(operation.name)
        if before is not None:
            if not _is_same(before.rule, operation.rule):
                raise ValueError(
                    f"An operation is declared once, but there is a `{operation.name}` already"
                    f" in {before.rule.__module__}.\n"
                    "Give the new one another name."
                )
            self.forget(before)
        operation.call = call
        self.operations[operation.name] = operation

    def add_method(self, name: str, method: Callable[..., Any]) -> None:
        """Give Value and Tensor a method, if they have no attribute of that name."""
        if not hasattr(Value, name):
            self.methods[name] = method
            setattr(Value, name, method)

    def numpy_functions(self, operation: Operation) -> list[Any]:
        """The functions of NumPy's that an operation stands for."""
        return [function for function, call in self.numpy.items() if call is operation.call]

    def forget(self, operation: Operation) -> None:
        """Take back what the name of an operation reaches, but for graphs that have used it."""
        for function in self.numpy_functions(operation):
            del self.numpy[function]
        if self.methods.pop(operation.name, None) is not None:
            delattr(Value, operation.name)
        del self.operations[operation.name]

    def snapshot(self) -> dict[str, dict[Any, Any]]:
        """All that is declared now, for `restore`."""
        return {name: dict(table) for name, table in vars(self).items()}

    def restore(self, snapshot: dict[str, dict[Any, Any]]) -> None:
        """Undo every declaration since the snapshot, with the methods that came by it."""
        for name in self.methods.keys() - snapshot["methods"].keys():
            delattr(Value, name)
        vars(self).update(snapshot)
        for name, method in self.methods.items():
            setattr(Value, name, method)


def _is_same(before: Callable[..., Any], rule: Callable[..., Any]) -> bool:
    """Whether a rule is an earlier one run again, as in a notebook."""
    return (before.__module__, before.__qualname__) == (rule.__module__, rule.__qualname__)


registry = Registry()
