"""The backward pass: a walk over the graph, without recursion, that pulls cotangents back."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from ..graph.habits import refuse_keywords
from ..graph.messages import describe, refuse_changed
from ..graph.modes import MODES, Mode, current_mode, lazily, within
from ..graph.node import data_of, is_unrecorded, new_node
from ..graph.order import reverse_topological
from ..graph.tensor import ONE, Tensor, as_array
from ..graph.value import Value
from ..operations.ties import GraphWantedError, recorded_by
from ..operations.zeros import times, times_choice
from ..primitives.anomaly import check_pulled, pulling_back
from ..primitives.entries import Entries
from ..primitives.laws import product
from ..primitives.lazy import can_be_lazy
from ..support.quiet import quiet
from .entries import as_whole
from .unbroadcast import unbroadcast

Cotangents = dict[Value, Any]
Parts = Iterable[tuple[Value, Any]]
Pull = Callable[[Any, Value], Parts]
ndarray = np.ndarray


def backward(self: Value, cotangent: Any = None, **others: Any) -> None:
    """Pull `cotangent` (1 if not given) back through the graph that made this node.

    Sets `grad` on every node that this one depends on: leaves add it to what they have, inner
    nodes are set afresh. Raises ValueError, and changes nothing, for an output of more than
    one element without a cotangent, a cotangent of another shape, a graph whose leaves have been
    changed since it was recorded, and for what was computed within `no_grad`: it has no graph.

    A second pass over the same graph adds the same to the leaves again. What was computed within
    `no_grad` is a constant: nothing is pulled back through it, and a node that the pass does not
    reach keeps the gradient it had (zero, if never reached). From a leaf the pass reaches that
    leaf alone. It may be called within `no_grad`, which is about recording, not about reading.

    >>> x = Value(2.0)
    >>> y = x * x * x
    >>> y.backward()
    >>> x.grad
    12.0
    >>> y.backward()
    >>> x.grad
    24.0
    >>> x.zero_grad()
    >>> x.grad
    0.0
    """
    if others:
        refuse_keywords("backward(cotangent=None)", others)
    if is_unrecorded(self):
        raise ValueError(
            f"backward() walks the graph of how a result was computed, but {self.label()} was "
            "computed within `no_grad`, which records none.\n"
            "Compute it outside of `no_grad`: no gradient would reach what it is made of."
        )
    ct = seed(self, cotangent)
    order = reverse_topological([self])
    pulled = pull_back(order, [(self, ct)])
    for node in order:
        node._grad = None
    for node, ct in pulled.items():
        if node._pullback is None and node._grad is not None:
            ct = node._grad + ct
        node._grad = ct


Value.backward = backward  # type: ignore[method-assign]


def seed(root: Value, cotangent: Any) -> Any:
    """`cotangent`, checked, as data of the shape and dtype of `root`; ones where it is None."""
    if cotangent is None:
        if not isinstance(root, Tensor):
            return 1.0
        if root.size != 1:
            ones = f"np.ones({root.shape})"
            raise ValueError(
                f"backward() starts from a scalar, but this Tensor has shape {root.shape}.\n"
                f"Reduce it first, as in `t.sum().backward()`, or say what to pull back: "
                f"`t.backward({ones})`."
            )
        return ONE if root.dtype == np.float64 and not root.ndim else np.ones_like(root._data)
    if isinstance(cotangent, Value):
        raise TypeError(
            f"The cotangent of backward() is plain numbers, but this is {describe(cotangent)}.\n"
            "Pass its `.data`; for derivatives of derivatives use `autodiff.vjp`."
        )
    if not isinstance(root, Tensor):
        return root._own(cotangent)
    ct = as_array(cotangent, copy=True, promote=True)
    if ct.shape != root.shape:
        raise ValueError(
            f"A cotangent has the shape of the output, {root.shape}, but this one has {ct.shape}.\n"
            f"Broadcast it first, as in `np.broadcast_to(cotangent, {root.shape})`."
        )
    return ct.astype(root.dtype, copy=False)


# No warning comes from here, but of ties: what is singular has warned in the forward pass.
@quiet
def pull_back(
    order: Sequence[Value], seeds: Sequence[tuple[Value, Any]], inner: bool = True
) -> Cotangents:
    """The cotangent, as plain data, of each node of `order` that one reaches from `seeds`.

    Those of inner nodes can be let go as soon as they are pulled back further (`inner=False`).
    The products are plain at first, which is faster; where they have made a NaN, the walk is
    done again with a look at each of them: see `operations/zeros.py`.
    """
    watched = bool(MODES) and current_mode().lines is not None
    inner = inner or watched
    try:
        pulled = walk(order, seeds, pull_plainly, inner)
        if _has_nan(pulled):
            pulled = walk(order, seeds, pull_carefully, inner)
    except GraphWantedError:  # see `operations/ties.py`
        recorded = within({"records": True}, pull_back_recorded, order, seeds)
        pulled = {node: data_of(ct) for node, ct in recorded.items()}
    if watched:
        check_pulled(order, pulled, pull_edges)
    return pulled


def pull_back_recorded(
    order: Sequence[Value],
    seeds: Sequence[tuple[Value, Any]],
    lazy: Collection[Value] = frozenset(),
) -> Cotangents:
    """The same by the project's own operations: the cotangents are nodes, with a graph behind.

    Those of the nodes `lazy` are pulled back further, perhaps without being computed.
    """
    mode = current_mode()
    pull = pull_recorded if mode.lines is None else pull_watched
    with mode.interpreter.backward_pass(), recorded_by(pull_back_recorded, seeds):
        pulled = walk(order, seeds, functools.partial(pull, lazy=lazy))
    mode.interpreter.note_cotangents(pulled)
    return pulled


def walk(
    order: Sequence[Value], seeds: Sequence[tuple[Value, Any]], pull: Pull, inner: bool = True
) -> Cotangents:
    """Pull each node's cotangent back to its operands, and add up what an operand gets.

    `pull(ct, node)` gives pairs of an operand and its part, or None where it gets nothing. What
    indices pull back to an operand waits, as `Entries`, until that is pulled back itself: an
    array of its size is made once, and not for each of them.
    """
    pulled: Cotangents = {}
    entries: list[Value] = []  # the operands that get some
    take: Any = pulled.get if inner else pulled.pop
    for node, ct in seeds:
        pulled[node] = pulled[node] + ct if node in pulled else ct
    for node in order:
        ct = take(node, None)
        if ct is None:
            continue
        if entries and type(ct) is Entries:
            # All that use this node have been there.
            ct = as_whole(ct)
            if inner:
                pulled[node] = ct
        clock = node._clock
        for operand, part in pull(ct, node):
            if operand._clock > clock:
                refuse_changed(operand, node)
            if part is None:
                continue
            data = operand._data
            if type(part) is ndarray is type(data) and part.shape == data.shape:
                if part.dtype is not data.dtype:
                    part = part.astype(data.dtype)
            elif type(part) is Entries:
                pulled[operand] = part.after(pulled.get(operand))
                entries.append(operand)
                continue
            elif type(part) is not float or type(data) is not float:
                part = unbroadcast(part, operand, node)
            before = pulled.get(operand)
            pulled[operand] = part if before is None else before + part

    for operand in entries:  # those that are leaves, and no node of the order
        if operand in pulled:
            pulled[operand] = as_whole(pulled[operand])
    return pulled


# -- the ways to pull ----------------------------------------------------------------------


def pull_plainly(ct: Any, node: Value) -> Parts:
    """By functions compiled from the rule, on plain data."""
    pullback: Any = node._pullback
    try:
        if type(node) is not Value:
            pull = pullback.pull_arrays or pullback.compiled("pull_arrays")
        elif not ct:
            return ()
        else:
            pull = pullback.pull_floats or pullback.compiled("pull_floats")
        return pull(ct, node)  # type: ignore[no-any-return]
    except (ArithmeticError, ValueError):  # of Python's floats, where IEEE 754 has an infinity
        return pull_carefully(ct, node)


def pull_carefully(ct: Any, node: Value) -> Parts:
    """By operations, which look at the numbers; what they give is plain data again."""
    if not np.any(ct):
        return ()
    return within(ON_DATA, _pull_on_data, ct, node)


ON_DATA = Mode(records=False)._asdict()


def _pull_on_data(ct: Any, node: Value) -> Parts:
    kind = Tensor if isinstance(node, Tensor) else Value
    start = new_node(kind, np.asarray(ct) if kind is Tensor else ct)
    return [(operand, data_of(as_whole(part))) for operand, part in pull_recorded(start, node)]


def pull_recorded(ct: Any, node: Value, lazy: Collection[Value] = frozenset()) -> Parts:
    """By operations, so that what it gives is nodes with a graph behind them."""
    pullback: Any = node._pullback
    primitive, parts = pullback.primitive, pullback.on_nodes(ct, node)
    for operand, part, i in zip(pullback.inputs(node), parts, pullback.positions, strict=True):
        if primitive.elementwise:
            part = times_choice(ct, part) if primitive.choices[i] else _product(ct, part)
        elif callable(part):
            is_lazy = operand in lazy and can_be_lazy(node, operand)
            part = lazily(part) if is_lazy else part()
        yield operand, part


def pull_watched(ct: Any, node: Value, lazy: Collection[Value] = frozenset()) -> Parts:
    """The same under `detect_anomaly`, which is to know whose pull-back it is."""
    return pulling_back(node, _pull_summed, ct, node, lazy)


def _pull_summed(ct: Any, node: Value, lazy: Collection[Value]) -> Parts:
    return [
        (operand, None if part is None else unbroadcast(part, operand, node))
        for operand, part in pull_recorded(ct, node, lazy)
    ]


def _product(ct: Any, partial: Any) -> Any:
    """ct * partial, with nothing recorded for a number that the laws of products know."""
    if isinstance(partial, (int, float)):
        return product(ct, partial, _OF_NODES)
    data = data_of(partial)
    if isinstance(data, int) or getattr(data, "dtype", None) == np.bool_:  # a condition
        return times_choice(ct, partial)
    return partial if type(ct) is float and ct == 1.0 else times(ct, partial)


class _OfNodes:
    """Cotangents times numbers, as the laws ask of them."""

    def number(self, thing: Any) -> float:
        return float(thing)

    def make(self, operation: str, operands: Sequence[Any]) -> Any:
        if operation == "neg":
            return -operands[0]
        ct, factor = operands
        return ct * factor if math.isfinite(factor) else times(ct, factor)

    def constant(self, number: float) -> None:
        return None  # a product with 0: the operand gets nothing


_OF_NODES: Any = _OfNodes()


@quiet
def pull_edges(node: Value, ct: Any) -> tuple[Any, ...]:
    """What each of `node.inputs` gets from a cotangent at `node`, edge by edge.

    Raises ValueError where one of them was changed since.
    """
    for operand in node.inputs:
        if operand._clock > node._clock:
            refuse_changed(operand, node)
    pull = pull_carefully if isinstance(node, Tensor) else pull_plainly
    try:
        parts = list(pull(ct, node)) if node.inputs else []
    except GraphWantedError:  # of an edge alone there is none
        parts = [(operand, np.nan) for operand in node.inputs]
    parts = parts or [(operand, None) for operand in node.inputs]
    return tuple(unbroadcast(0.0 if part is None else part, o, node) for o, part in parts)


def _has_nan(pulled: Cotangents) -> bool:
    """Whether a NaN has come down to a leaf: it would be what `argmax` finds first."""
    for node, ct in pulled.items():
        if node._pullback is None:
            if type(ct) is not float:
                ct = ct.item(ct.argmax()) if ct.size else 0.0
            if ct != ct:
                return True
    return False
