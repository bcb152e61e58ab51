"""Tensor: the same as Value over an ndarray, with NumPy's own functions and operators."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .held import Held
from .leaf import replace_data
from .leaving import refuse_leaving, refuse_unseen
from .messages import MASKED, describe
from .value import Value

ndarray = np.ndarray


class Tensor(Value):
    """An ndarray, and the node of the graph that computed it.

    `data` is copied in, so that no one else can change it; `float16/32/64` keep their type,
    integers and booleans become `float64`. Raises TypeError for what has no derivative
    (text, objects, complex numbers) and ValueError for ragged lists.

    It is read-only: a step of gradient descent is `w.data -= lr * w.grad`, which assigns new data.

    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]], name="t")
    >>> (t * t).sum().backward()
    >>> t.grad
    array([[2., 4.],
           [6., 8.]])
    """

    __slots__ = ()

    @staticmethod
    def _own(data: Any) -> np.ndarray[Any, Any]:
        if isinstance(data, Value):
            raise TypeError(
                f"A Tensor is made from numbers, but this is already a {type(data).__name__}.\n"
                "Use it as it is, or take `.data` to start a new graph from its numbers."
            )
        return as_array(data, copy=True, promote=True)

    def _own_like(self, data: Any) -> np.ndarray[Any, Any]:
        own = self._own(data)
        if own.shape != self._data.shape:
            raise ValueError(
                f"{self.label()} has shape {self._data.shape}, and what is assigned to it must "
                f"have the same; this has shape {own.shape}.\nMake a new Tensor for another shape."
            )
        return own.astype(self._data.dtype, copy=False)

    @property
    def data(self) -> Any:
        """The array that was computed here. It is read-only: assign a new one to change a leaf.

        Graphs that have used it are then known to be stale, and their `backward()` is refused. What
        is computed from it is a plain array, and so is what `-=` and its kin make of it.

        Two things write into it unnoticed: who makes it writeable by its flag, and the method `at`
        of NumPy's ufuncs, which looks at no flag. For `np.add.at(t.data, i, x)` write
        `a = t.data.copy(); np.add.at(a, i, x); t.data = a`.
        """
        data = self._data
        data.setflags(write=False)
        return data.view(Held)

    @data.setter
    def data(self, data: Any) -> None:
        mine = self._data
        alike = type(data) is ndarray and data.dtype is mine.dtype and data.shape == mine.shape
        if alike and self._pullback is None:
            replace_data(self, data.copy())
        else:
            Value.data.fset(self, data)  # type: ignore[attr-defined]

    @property
    def grad(self) -> Any:
        """d root / d this Tensor, of its shape and dtype; zeros where no pass has reached it.

        The array is read-only: assign a new one to change it, as in `t.grad = t.grad / 2`.
        """
        grad = self._grad
        if type(grad) is not ndarray:
            grad = np.zeros_like(self._data) if grad is None else np.asarray(grad)
        grad.setflags(write=False)
        return grad.view(Held)

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = None if grad is None else self._own_like(grad)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self._data.dtype  # type: ignore[no-any-return]

    def item(self) -> float:
        """The one entry as a float; ValueError where there is not exactly one."""
        refuse_leaving("item()")
        return self._one_number("`.item()`", ValueError)

    def tolist(self) -> Any:
        """The numbers in nested lists, as an ndarray's; refused where `float()` is."""
        refuse_leaving("tolist()")
        return self._data.tolist()

    def _one_number(self, how: str, error: type[Exception] = TypeError) -> float:
        if self._data.size != 1:
            raise error(
                f"{how} is of one number, but this Tensor has shape {self.shape}.\n"
                "Reduce it first, as in `t.sum()`, or use `.data`."
            )
        return float(self._data.item())

    def __float__(self) -> float:
        refuse_unseen(self, "float()")
        return self._one_number("float()")

    def __int__(self) -> int:
        refuse_unseen(self, "int()")
        return int(self._one_number("int()"))

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ValueError(
                f"A condition is of one number, but this Tensor has shape {self.shape}.\n"
                "Write `np.all(...)` or `np.any(...)`, or `where` to choose entry by entry."
            )
        return bool(self._data.item())

    def __format__(self, form: str) -> str:
        """The one number in this format, as a float's; without one, as `repr`."""
        return format(self._one_number("A format"), form) if form else repr(self)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError(
                "A Tensor's length is that of its first axis, but this one is a single number.\n"
                "Use `t.item()` for the number, or `t.reshape(1)` for a list of one."
            )
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "A Tensor is not written in place: what was recorded from it would be wrong.\n"
            "Use `t = t.at[index].set(value)` or `.add(value)`, which give a new Tensor."
        )

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name!r}"
        data = np.array2string(self._data, separator=", ", prefix="Tensor(")
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        return f"Tensor({data}{dtype}{name})"

    if TYPE_CHECKING:  # see Value's

        @property
        def T(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...


tensor = Tensor  # as PyTorch calls it


def as_array(data: Any, *, copy: bool, promote: bool) -> np.ndarray[Any, Any]:
    """`data` as a plain ndarray of real numbers, in the machine's byte order.

    `promote` makes floats of integers and booleans, as a leaf needs. Raises TypeError for
    text, objects, complex numbers and masked arrays, ValueError for ragged lists.
    """
    if type(data) is ndarray:
        dtype = data.dtype
        if dtype.isnative and (dtype.kind == "f" or (dtype.kind in "biu" and not promote)):
            return data.copy() if copy else data
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(MASKED)
    if isinstance(data, np.matrix):
        raise TypeError(
            "An np.matrix multiplies by `*` as arrays do by `@`, and a Tensor is an array.\n"
            "Convert it first, as in `np.asarray(matrix)`, and write `@` for the product."
        )
    if isinstance(data, (list, tuple)) and _holds_a_node(data):
        raise TypeError(
            "This list holds Values or Tensors, and their gradients would be lost in an array.\n"
            "Join them with `autodiff.stack([...])`."
        )
    if isinstance(data, numbers.Rational) and not isinstance(data, (bool, np.generic)):
        data = to_float(data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(
            f"An array has rows of one length, but NumPy says of this list: "
            f"{str(error).rstrip('.')}.\n"
            "Pad the rows, or keep one Tensor for each."
        ) from None
    if array.dtype.kind not in "biuf":
        of = "" if isinstance(data, np.ndarray) else f" (in NumPy: {array.dtype})"
        raise TypeError(
            f"Derivatives here are of real numbers, but this is {describe(data)}{of}.\n"
            "Convert it first, as in `np.asarray(x, float)`; of complex numbers take the parts."
        )
    dtype = array.dtype.newbyteorder("=")
    if promote and dtype.kind != "f":
        dtype = np.dtype(np.float64)
    return np.array(array, dtype=dtype, copy=copy or None, subok=False)


def to_float(number: Any) -> float:
    """A Python float; TypeError for an integer or a fraction that is beyond all floats."""
    try:
        return float(number)
    except OverflowError:
        raise TypeError(
            "Numbers here are floats, but this one is too large for any of them.\n"
            "Scale it first: the largest float is about 1.8e308."
        ) from None


def _holds_a_node(items: list[Any] | tuple[Any, ...]) -> bool:
    return any(
        isinstance(i, Value) or (isinstance(i, (list, tuple)) and _holds_a_node(i)) for i in items
    )


ONE = np.ones(())  # the cotangent that a backward pass starts from: a product with it is saved
ONE.setflags(write=False)
