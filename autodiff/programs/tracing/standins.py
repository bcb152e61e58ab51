"""Stand-ins for the arguments of a traced function, which refuse what its program could not do.

A traced node is a Value or Tensor whose data is an example only. Whatever would make a
decision by it (a branch, a conversion to a number, an index) is refused, since the program
made from the trace would keep that decision for other arguments.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ...graph.tensor import Tensor
from ...graph.value import Value
from ...operations import predicates
from ...primitives.tracer import Tracer
from ...support.frames import user_line


class TraceError(TypeError):
    """A function does something that its trace cannot record."""


class Traced(Tracer):
    """What a traced Value and a traced Tensor do otherwise than one that has a value."""

    __slots__ = ()

    traced = True

    @property
    def data(self) -> Any:
        refuse(self, "`.data`")

    @data.setter
    def data(self, data: Any) -> None:
        refuse(self, "an assignment to `.data`")

    def __bool__(self) -> bool:
        refuse(self, "a branch", "`where(condition, a, b)` for `if`")

    def __float__(self) -> float:
        refuse(self, "`float()`")

    def __int__(self) -> int:
        refuse(self, "`int()`")

    def __index__(self) -> int:
        refuse(self, "an index or a count")

    def refuse_as_index(self) -> NoReturn:
        """Raises TraceError: the program would always take the same entries."""
        if self._data.dtype == bool if isinstance(self, Tensor) else isinstance(self._data, bool):
            refuse(self, "a mask as an index, and so the shape", "`where(mask, x, 0.0)`")
        refuse(self, "an index", "`take_along_axis`, whose indices may be computed")

    def __format__(self, form: str) -> str:
        if form:
            refuse(self, "a text")
        return str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        refuse(
            self,
            "a plain array of it (as NumPy wants for an index or a fill value)",
            "`autodiff.stack` to join nodes, `take_along_axis` to index by them",
        )

    def backward(self, cotangent: Any = None) -> None:
        refuse(self, "`backward()`", "`autodiff.grad` or `autodiff.vjp`")

    def item(self) -> float:
        refuse(self, "`.item()`")

    def tolist(self) -> Any:
        refuse(self, "`.tolist()`")

    @property
    def grad(self) -> Any:
        refuse(self, "`.grad`", "`autodiff.grad` or `autodiff.vjp`")

    @grad.setter
    def grad(self, grad: Any) -> None:
        refuse(self, "an assignment to `.grad`", "`autodiff.grad` or `autodiff.vjp`")

    def __copy__(self) -> Any:
        return self  # it does not change

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def compared(self, operation: str, *operands: Any) -> Any:
        if operation in ("equal", "not_equal") and any(map(_is_no_number, operands)):
            return operation == "not_equal"
        return getattr(predicates, operation)(*operands)

    def __repr__(self) -> str:
        kind = "Tensor" if isinstance(self, Tensor) else "Value"
        shape = f", shape {self.shape}" if isinstance(self, Tensor) else ""
        return f"<traced {kind}{'' if self.name is None else ' ' + self.name}{shape}>"


class TracedValue(Traced):
    """A number that changes from call to call."""

    __slots__ = ()


class TracedTensor(Traced, Tensor):
    """An array that changes from call to call; its shape and dtype do not."""

    __slots__ = ()


def _is_no_number(thing: Any) -> bool:
    return thing is None or isinstance(thing, (str, bytes))


def refuse(node: Value, what: str, instead: str = "") -> NoReturn:
    """Raises TraceError for `what` a function does with a node, with its line and the fix."""
    kind = "array" if isinstance(node, Tensor) else "number"
    name = f"the {kind}" if node.name is None else f"`{node.name}`"
    raise TraceError(
        f"A traced function computes the same steps for every argument, but here {what} depends "
        f"on the value of {name}: {user_line()}\n"
        f"Use {instead or '`where`'}, or make what decides a static argument."
    )
