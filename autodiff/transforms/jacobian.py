"""Every derivative of every output: jacobian, hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import checked_function
from ..graph.node import shape_of
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..operations import joining, shapes
from ..support.tree import leaves, unflatten
from .grad import grad
from .tape import Tape, Transformed, or_zeros


def jacobian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives every derivative of every output, of shape `out.shape + in.shape`.

    Outputs and arguments may be nested: the answer has the structure of the output, with the
    structure of the argument in the place of each of its leaves. One row is pulled back at a
    time, so no more memory is used than the answer and one backward pass take.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    checked_function(f, "jacobian")
    return Transformed(_jacobian, f, argnums, has_aux)


def _jacobian(tape: Tape) -> Any:
    blocks = [tape.structured(_rows(tape, out)) for out in leaves(tape.out)]
    answer = unflatten(tape.out, blocks)
    return (answer, tape.aux) if tape.has_aux else answer


def _rows(tape: Tape, out: Any) -> list[Any]:
    """d out / d target for each target, one row of the output at a time."""
    shape = shape_of(out)
    count = int(np.prod(shape, dtype=int))
    rows = (_row(tape, out, place) for place in range(count))
    if tape.level.nested:
        found = list(rows)
        return [
            _stacked(tape, [row[i] for row in found], shape + shape_of(target))
            for i, target in enumerate(tape.targets)
        ]
    into = [shape_of(target) for target in tape.targets]
    dtypes = [getattr(target._data, "dtype", None) for target in tape.targets]
    blocks = [np.zeros(shape + i, dtype) for i, dtype in zip(into, dtypes, strict=True)]
    for place, row in enumerate(rows):
        for block, i, part in zip(blocks, into, row, strict=True):
            block.reshape(count, *i)[place] = part
    return [
        block if block.ndim or isinstance(target, Tensor) else block.item()
        for block, target in zip(blocks, tape.targets, strict=True)
    ]


def _row(tape: Tape, out: Any, place: int) -> list[Any]:
    """d out[place] / d target for each target."""
    if not isinstance(out, Value):
        return [or_zeros(None, target) for target in tape.targets]
    unit: Any = 1.0
    if isinstance(out, Tensor):
        unit = np.zeros(out.shape, out.dtype)
        unit[np.unravel_index(place, out.shape)] = 1.0
    pulled = tape.level.pull(tape.order, [(out, unit)])
    return [or_zeros(pulled.get(target), target) for target in tape.targets]


def _stacked(tape: Tape, rows: list[Any], shape: tuple[int, ...]) -> Any:
    """The rows, some of which may be nodes, as one array."""
    if not shape:
        return tape.level.answer(rows[0], None)
    if any(isinstance(row, Value) for row in rows):
        return shapes.reshape(joining.stack(rows), shape)
    return np.array(rows, None if rows else np.float64).reshape(shape)


def hessian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the second derivatives of f: the Jacobian of its gradient.

    >>> hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 3.0]))
    array([[0., 6.],
           [6., 2.]])
    """
    return jacobian(grad(checked_function(f, "hessian"), argnums, has_aux), argnums, has_aux)
