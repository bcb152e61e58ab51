"""Second derivatives of a number that has been recorded, by leaves of its graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.modes import transforming
from ..graph.node import is_unrecorded, shape_of
from ..graph.order import between
from ..graph.value import Value
from .backward import pull_back_recorded
from .jacobian import pulled_rows
from .stacked import pull_given, size
from .tape import Level, cast_like, leaves_like, one_like, owned


class Curvature:
    """The second derivatives of a recorded number by leaves of its graph.

    They are what `hessian` and `hvp` give of a function, for a loss that was computed from leaves:
    the parameters of a module, say. Its backward pass is recorded once, and pulled back for each
    answer. Raises TypeError for what is not one number, ValueError for what was computed within
    `no_grad`, and for a graph whose leaves have been changed since.

    >>> from autodiff import Tensor
    >>> w = Tensor([1.0, 3.0])
    >>> curvature = Curvature(w[0] * w[1] ** 2, [w])
    >>> curvature.hessian()
    array([[0., 6.],
           [6., 2.]])
    >>> curvature.product([np.array([1.0, 0.0])])
    [array([0., 6.])]
    """

    def __init__(self, output: Value, leaves: Sequence[Value]) -> None:
        if not isinstance(output, Value) or size(output) != 1:
            shape = f"shape {shape_of(output)}" if isinstance(output, Value) else describe(output)
            raise TypeError(
                "Second derivatives are of one number that was recorded, a Value or Tensor, but "
                f"this is {shape}.\nUse `hessian(f)` for a function."
            )
        if is_unrecorded(output):
            raise ValueError(
                f"Second derivatives are read from a graph, but {output.label()} was computed "
                "within `no_grad`, which records none.\nCompute it outside of `no_grad`."
            )
        self._leaves = list(leaves)
        self._level = Level(())
        transforming(self._record, output)

    def _record(self, output: Value) -> None:
        order = between([output], self._leaves)
        with np.errstate(all="ignore"):  # a backward pass does not warn
            pulled = pull_back_recorded(order, [(output, one_like(output))], set(self._leaves))
        # Of each leaf its place, and the node of its gradient, if that is no constant.
        found = [(i, pulled.get(leaf)) for i, leaf in enumerate(self._leaves)]
        self._gradients = [(i, node) for i, node in found if isinstance(node, Value)]
        self._order = between([node for _, node in self._gradients], self._leaves)

    def hessian(self) -> Any:
        """The matrix of all second derivatives, by the entries of the leaves one after another."""
        return transforming(self._hessian)

    def _hessian(self) -> Any:
        nodes = [node for _, node in self._gradients]
        stacks = pulled_rows(self._level, self._order, nodes, self._leaves)
        sizes, count = [*map(size, self._leaves)], sum(map(size, nodes))
        columns = [np.reshape(stack, (count, n)) for stack, n in zip(stacks, sizes, strict=True)]
        rows = columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)
        if count == sum(sizes):
            return rows
        moving = {i for i, _ in self._gradients}
        whole = np.zeros((sum(sizes),) * 2, rows.dtype)
        whole[np.repeat([i in moving for i in range(len(sizes))], sizes)] = rows
        return whole

    def product(self, tangents: Sequence[Any]) -> list[Any]:
        """The Hessian times a vector, one part of which is given, and answered, for each leaf."""
        parts, _ = leaves_like(list(tangents), self._leaves, "tangent", "leaf")
        return transforming(self._product, parts)

    def _product(self, parts: Sequence[Any]) -> list[Any]:
        pairs = [(node, cast_like(parts[i], self._leaves[i])) for i, node in self._gradients]
        found = pull_given(self._level, self._order, pairs, self._leaves, None)
        return owned(found, [part for _, part in pairs])
