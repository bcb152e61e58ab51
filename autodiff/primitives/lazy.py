"""Products that wait until their data is asked for: a second derivative asks for few gradients.

The product of a Hessian and a vector pulls back through the graph of the gradient. The gradients
of the weights themselves, a product of matrices each, are in that graph but not in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.tensor import Tensor
from ..graph.value import Value, plain, tick
from .pullback import Pullback


class Postponed(Tensor):
    """A Tensor whose data is computed when it is first looked at; a plain Tensor from then on."""

    __slots__ = ()

    def __init__(self, link: Pullback, operands: Sequence[Any]) -> None:
        self._grad = self.name = None
        self._link = link
        self._x, self._y = operands
        self._clock = tick()

    def __getattr__(self, name: str) -> Any:  # of what is not there, as the data at first
        if name != "_data":
            raise AttributeError(f"'Tensor' object has no attribute {name!r}")
        product: Any = self._link
        self._data = product.primitive.on_arrays(plain(self._x), plain(self._y))
        self.__class__ = Tensor  # type: ignore[assignment]
        return self._data


def can_wait(node: Value, operand: Value) -> bool:
    """Whether what `node` pulls back to `operand` is a product that need not be looked at.

    It must have the operand's shape and dtype as it comes, with no sum over what was repeated.
    """
    return (
        node.op == "matmul"
        and isinstance(node, Tensor)
        and isinstance(operand, Tensor)
        and node.ndim == operand.ndim <= 2  # and so it is no product of stacks
        and node.dtype == operand.dtype
    )
