"""Stand-ins for the arguments of a traced function, which refuse what its program could not do.

A traced node is a Value or Tensor whose data is an example only. Whatever would make a
decision by it (a branch, a conversion to a number, an index) is refused, since the program
made from the trace would keep that decision for other arguments.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from ...graph.node import new_node
from ...graph.tensor import Tensor
from ...graph.value import Value
from ...operations import predicates
from ...operations.protocols import array_function
from ...operations.scipy_special import refuse_scipy
from ...primitives.registry import registry
from ...primitives.tracer import Tracer
from ...support.frames import is_numpys, is_ours, user_line


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
        refuse_scipy(self)
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

    def __reduce__(self) -> Any:
        """As programs are pickled: of an example's data the shape and the dtype are known."""
        if isinstance(self, Tensor):
            return _stand_in_of_array, (self.shape, self.dtype, self.name)
        return _stand_in, (TracedValue, self._data, self.name)

    def compared(self, operation: str, *operands: Any) -> Any:
        if operation in ("equal", "not_equal") and any(map(_is_no_number, operands)):
            return operation == "not_equal"
        return getattr(predicates, operation)(*operands)

    def __lshift__(self, other: Any) -> Any:
        return self.compared("left_shift", self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self.compared("left_shift", other, self)

    def __rshift__(self, other: Any) -> Any:
        return self.compared("right_shift", self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self.compared("right_shift", other, self)

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


TracedValue.__name__, TracedTensor.__name__ = "Value", "Tensor"  # as messages call them


def _stand_in(kind: type[Value], example: Any, name: str) -> Value:
    node = new_node(kind, example)
    node.name = name
    return node


def _stand_in_of_array(shape: tuple[int, ...], dtype: Any, name: str) -> Value:
    return _stand_in(TracedTensor, np.broadcast_to(np.zeros((), dtype), shape), name)


def _is_no_number(thing: Any) -> bool:
    return thing is None or isinstance(thing, (str, bytes))


def refuse(node: Value, what: str, instead: str = "") -> NoReturn:
    """Raises TraceError for `what` a function does with a node, with its line and the fix."""
    kind = "array" if isinstance(node, Tensor) else "number"
    name = f"the {kind}" if node.name is None else f"`{node.name}`"
    fix = f"Use {instead or '`where`'}"
    function = _function_that_asks(sys._getframe(2))
    if function:
        what = f"what `{function}` does"
        fix = f"Call `{function}` outside of it and pass what that gives as an argument"
    raise TraceError(
        f"A traced function computes the same steps for every argument, but here {what} depends "
        f"on the value of {name}: {user_line()}\n"
        f"{fix}, or make what decides a static argument."
    )


def _function_that_asks(frame: FrameType | None) -> str:
    """What the user called where a function of the engine's asks for a value; else empty.

    These ask by words that the user never wrote.
    """
    found = ""
    while frame is not None and (is_ours(frame) or (found and is_numpys(frame))):
        if frame.f_code is array_function.__code__:
            function = frame.f_locals["function"]
            found = f"{function.__module__}.{function.__name__}"
        elif frame.f_code.co_name in registry.operations:
            found = frame.f_code.co_name
        frame = frame.f_back
    return found
