"""Lazy products, computed when they are asked for: a second derivative asks for few gradients.

The product of a Hessian and a vector pulls back through the graph of the gradient. The gradients
of the weights themselves, a product of matrices each, are in that graph but not in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.node import data_of, fill, operands_of
from ..graph.tensor import Tensor
from ..graph.value import Value
from .pullback import Pullback


class LazyProduct(Tensor):
    """A Tensor whose data is computed when it is first looked at; a plain Tensor from then on."""

    __slots__ = ()

    def __init__(self, pullback: Pullback, operands: Sequence[Any]) -> None:
        a, b = operands
        fill(self, None, pullback, a, b)
        del self._data  # so that a look at it is noticed

    def __getattr__(self, name: str) -> Any:  # of what is not there, as the data at first
        if name != "_data":
            raise AttributeError(f"'Tensor' object has no attribute {name!r}")
        product: Any = self._pullback
        self._data = product.primitive.on_arrays(*map(data_of, operands_of(self)))
        self.__class__ = Tensor  # type: ignore[assignment]
        return self._data


def can_be_lazy(node: Value, operand: Value) -> bool:
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
