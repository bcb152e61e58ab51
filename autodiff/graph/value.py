"""Value: a number that remembers how it was made."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..support.notebook import mimebundle
from ..support.numbers import as_numpys
from .habits import ATTRIBUTES, NotHere, refuse_keywords, refuse_places
from .leaf import replace_data
from .leaving import refuse_leaving, refuse_unseen
from .messages import MASKED, describe
from .node import Node, data_of, fill, new_node


class Value(Node):
    """A float, and the node of the graph that computed it.

    Operators and the functions of `autodiff` on Values give Values, and record what they
    were made from; `backward()` then fills in `grad` all the way down to the leaves.

    >>> x = Value(3.0, name="x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)

    `data` (a float) can be assigned on a leaf, which is how an optimiser moves a weight; on
    an inner node it is the result of a computation, and assigning it is refused.
    Raises TypeError for what is not one real number.
    """

    __slots__ = ()
    _repr_mimebundle_ = mimebundle
    __pandas_priority__ = 5000  # above all of pandas' own: `series * t` asks the node

    def __init__(self, data: Any, name: str | None = None, *more: Any, **others: Any) -> None:
        if others:
            refuse_keywords(f"{type(self).__name__}(data, name=None)", others)
        if more or not (name is None or isinstance(name, str)):
            refuse_places(f"{type(self).__name__}(data, name=None)", (name, *more))
        fill(self, self._own(data))
        self.name = name

    @staticmethod
    def _own(data: Any) -> Any:
        """`data` as this kind of node holds it."""
        if isinstance(data, np.ma.MaskedArray):
            raise TypeError(MASKED)
        if isinstance(data, Value):
            raise TypeError(
                f"A Value is made from a number, but this is already a {type(data).__name__}.\n"
                "Use it as it is, or take `.data` to start a new graph from its number."
            )
        if isinstance(data := as_numpys(data), np.ndarray) and data.ndim == 0:
            data = data[()]
        if isinstance(data, (numbers.Real, np.bool_)) and not isinstance(data, np.timedelta64):
            try:
                return float(data)
            except OverflowError:
                raise TypeError(
                    "A Value holds one float, but this number is too large for any of them.\n"
                    "Scale it first: the largest float is about 1.8e308."
                ) from None
        raise TypeError(
            f"A Value holds one real number, but this is {describe(data)}.\n"
            "Use `Tensor(...)` for an array or a list of numbers."
        )

    # -- what a node shows of itself -------------------------------------------------------

    @property
    def data(self) -> Any:
        """The number that was computed here (for a Tensor: the array, read-only)."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if self._pullback is not None:
            raise AttributeError(
                f"`.data` is assigned on a leaf, but {self.label()} was computed by `{self.op}`.\n"
                "Assign the leaves that it is made from and compute it again."
            )
        replace_data(self, self._own_like(data))

    def _own_like(self, data: Any) -> Any:
        return self._own(data)

    @property
    def grad(self) -> Any:
        """d root / d this node, from the last backward pass; zero where none has reached it."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = None if grad is None else self._own_like(grad)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The nodes that this one was computed from, in order; a constant is not one of them."""
        return () if self._pullback is None else self._pullback.inputs(self)

    @property
    def op(self) -> str | None:
        """The name of the operation that made this node; None for a leaf."""
        return None if self._pullback is None else self._pullback.primitive.name

    def label(self) -> str:
        """How messages call this node: its name, else its operation."""
        if self.name is not None:
            return f"`{self.name}`"
        kind = type(self).__name__
        return f"this {kind}" if self._pullback is None else f"the {kind} that `{self.op}` made"

    def zero_grad(self) -> None:
        """Set the gradient of this node, and of no other, to zero."""
        self._grad = None

    # -- comparisons are of data; nodes hash by identity -----------------------------------

    def __eq__(self, other: object) -> Any:
        return self._data == data_of(other)

    def __ne__(self, other: object) -> Any:
        return self._data != data_of(other)

    def __lt__(self, other: Any) -> Any:
        return self._data < data_of(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= data_of(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > data_of(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= data_of(other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self._data)

    def __float__(self) -> float:
        """The plain number, as `data` is; refused inside `grad` and its kin, and in `a[i] = x`.

        There `math.sqrt(x)` asks for it, or the array a, and what comes of it would have the
        gradient 0. Outside of `grad`, `math.sqrt(x)` and `a.fill(x)` are not told from `float(x)`.
        """
        refuse_unseen(self, "float()")
        return float(self._data)

    def __int__(self) -> int:
        refuse_unseen(self, "int()")
        return int(self._data)

    def item(self) -> float:
        """The number as a Python float, as of an array of one."""
        refuse_leaving("item()")
        return float(self._data)

    def __pos__(self) -> Value:
        return self

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - ATTRIBUTES.keys())

    def __format__(self, form: str) -> str:
        """The number in this format, as a float's; without one, as `repr`."""
        return format(self._data, form) if form else repr(self)

    @property
    def _mask(self) -> Any:
        raise TypeError(MASKED)  # a masked array asks for it, having taken the plain data

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name!r}"
        return f"Value({self._data!r}, grad={self.grad!r}{name})"

    def __reduce__(self) -> Any:
        """How a leaf is copied and pickled: by its data, its name and its gradient."""
        if self._pullback is not None:
            raise TypeError(
                f"Leaves are copied and pickled, but {self.label()} is a result inside a graph.\n"
                "Take its number with `.data`, or copy the leaves and compute it again."
            )
        return restored, (type(self), self._data, self.name, self._grad)

    if TYPE_CHECKING:
        # For mypy, which does not see what is set later: the table in operations/methods.py,
        # whose methods go here by any name, and the walk of transforms/backward.py.
        def backward(self, cotangent: Any = None) -> None: ...
        def __getattr__(self, name: str) -> Callable[..., Any]: ...

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __rfloordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __rmod__(self, other: Any) -> Any: ...
        def __round__(self, decimals: int = 0) -> Any: ...
        def __floor__(self) -> Any: ...
        def __ceil__(self) -> Any: ...
        def __trunc__(self) -> Any: ...
        def __neg__(self) -> Any: ...
        def __abs__(self) -> Any: ...


def restored(kind: type[Value], data: Any, name: str | None, grad: Any) -> Value:
    """The copy of a leaf."""
    leaf = new_node(kind, kind._own(data))
    leaf.name, leaf._grad = name, grad
    return leaf


for _name, _advice in ATTRIBUTES.items():
    setattr(Value, _name, NotHere(_name, _advice))
