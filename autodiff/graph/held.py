"""Held: an array of a node, as its user sees it: read-only, with plain results."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .habits import OF_ARRAYS, NotHere

ndarray = np.ndarray


def _plain(array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    return array[()] if return_scalar else array


def _in_place(name: str) -> Callable[..., Any]:
    plainly, in_place = getattr(operator, name), getattr(ndarray, f"__i{name}__")

    def operate(self: Any, other: Any) -> Any:
        return in_place(self, other) if self.flags.writeable else plainly(self, other)

    return operate


class Held(ndarray):
    """A view of a node's array, which is read-only, and whose arithmetic gives plain arrays.

    So does arithmetic in place, which is how `t.data -= step` assigns new data to a leaf. Copies
    are plain arrays, to be written into as one likes.
    """

    __slots__ = ()
    __array_priority__ = -1.0  # another kind of array decides what it makes of itself and this
    __array_wrap__ = staticmethod(_plain)

    __iadd__, __isub__, __imul__ = map(_in_place, ("add", "sub", "mul"))
    __itruediv__, __ifloordiv__, __imod__ = map(_in_place, ("truediv", "floordiv", "mod"))
    __ipow__, __imatmul__ = map(_in_place, ("pow", "matmul"))

    def __setitem__(self, index: Any, value: Any) -> None:
        if not self.flags.writeable:
            refuse_writing()
        ndarray.__setitem__(self, index, value)

    def copy(self, order: Any = "C") -> Any:
        """A plain array with the same entries."""
        return np.array(self, order=order)

    def fill(self, value: Any) -> None:
        """As an ndarray's, where this may be written into."""
        if not self.flags.writeable:
            refuse_writing()
        ndarray.fill(self, value)

    def __copy__(self) -> Any:
        return np.array(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return np.array(self)

    def __reduce__(self) -> Any:
        return np.array(self).__reduce__()

    def __repr__(self) -> str:
        return repr(self.view(ndarray))


for _name, _advice in OF_ARRAYS.items():
    setattr(Held, _name, NotHere(_name, _advice))


def refuse_writing() -> NoReturn:
    """Raises ValueError, as NumPy does, and says how it is done."""
    raise ValueError(
        "The array of a Tensor is read-only: graphs that have used it would not notice a change.\n"
        "Assign a new one, as in `a = t.data.copy(); a[i] = x; t.data = a` (or `t.data -= step`; "
        "`grad` alike); within a graph, `t = t.at[i].set(x)`."
    )
