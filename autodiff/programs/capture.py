"""A function, traced on example arguments: its graph, and the structures around it."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..support.quiet import quiet
from ..support.tree import difference, leaves, leaves_in_order_of, tree_map, unflatten
from ..transforms.grad import value_and_grad
from .kinds import Array, Static, kind_of
from .simplify import StepGraph
from .tracing.arguments import as_example, checked_by, leaf_names
from .tracing.guards import drawing_nothing, explaining
from .tracing.signature import Parameters, name_of
from .tracing.trace import Trace, TracedGenerator, tracing


class _NoGradientError(Exception):
    """Carries the output of a function that has no gradient."""

    def __init__(self, out: Any) -> None:
        self.out = out


class Capture:
    """A function traced on example arguments: its inputs and outputs in their structures."""

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any = (),
        careful: bool = False, static: Collection[str] = (), names: list[str] | None = None,
    ) -> None:  # fmt: skip
        self.f, self.trace, self.static = f, Trace(careful), static
        self.parameters = Parameters(f).names(args, by_keyword=False) if names is None else names
        self.argnums = checked_by(argnums, args)
        self.args = [
            self._traced_argument(name, arg)
            for name, arg in zip(self.parameters, args, strict=True)
        ]
        with drawing_nothing(f), explaining(f):
            self.out = tracing(self.trace, self._run, argnums is None)
        self.inputs = [
            leaf
            for name, arg in zip(self.parameters, self.args, strict=True)
            for leaf in (() if name in static else leaves(arg))
            if isinstance(leaf, Value)
        ]
        for leaf in leaves(self.out) or [self.out]:
            if not isinstance(leaf, (Value, np.ndarray, np.generic, float, int)):
                raise TypeError(
                    f"A program computes numbers, but `{name_of(f)}` returned {describe(leaf)}."
                )
        self.graph = StepGraph(self.trace, self.inputs, leaves(self.out))

    def kinds(self, array: type[Array] = Array) -> list[Any]:
        """The kinds of the arguments: `array` for arrays."""
        return [
            Static(arg) if name in self.static else kind_of(arg, array)
            for name, arg in zip(self.parameters, self.args, strict=True)
        ]

    def examples(self) -> tuple[Any, ...]:
        """The arguments that it was captured on."""
        return tuple([tree_map(_example_of, arg) for arg in self.args])

    def careful(self) -> Capture:
        """The same, captured with care if it is doubtful: before it is forgotten."""
        return self.carefully(self.examples()) if self.trace.doubtful else self

    def carefully(self, args: tuple[Any, ...]) -> Capture:
        """The same function on such arguments, captured with care wherever chance may need it.

        That is for a program which is doubtful, and of whose result there is a NaN.
        """
        static, names = self.static, self.parameters
        return Capture(self.f, args, self.argnums, careful=True, static=static, names=names)

    @quiet
    def eagerly(self, args: tuple[Any, ...]) -> Any:
        """What the function itself gives, as a program gives it: for a NaN that is of a tie."""
        by = self.argnums[0] if len(self.argnums) == 1 else self.argnums
        f = value_and_grad(self.f, by) if self.argnums else self.f
        found = map(data_of, leaves_in_order_of(f(*args), self.out))
        pairs = zip(found, leaves(self.out), strict=True)
        return unflatten(self.out, [np.asarray(a) if array else a for a, array in pairs])

    def forget(self) -> None:
        """Let go of all that was computed: shapes and dtypes of the arguments stay.

        Of the results it stays which are arrays.
        """
        for node in self.inputs:
            if isinstance(node._data, np.ndarray):
                node._data = np.broadcast_to(np.zeros((), node._data.dtype), node._data.shape)
        self.trace.forget()
        self.out = tree_map(lambda leaf: isinstance(data_of(leaf), np.ndarray), self.out)
        del self.graph

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled of it, for a program: that has the steps, of the function the name."""
        return {**vars(self), "f": types.SimpleNamespace(__name__=name_of(self.f))}

    def _run(self, optional: bool) -> Any:
        """The value and the gradients; the value alone where there are none to be had."""
        if not self.argnums:
            return self.f(*self.args)

        def noted(*args: Any) -> Any:
            out = self.f(*args)
            if optional and (isinstance(out, (list, tuple, dict)) or shape_of(out)):
                raise _NoGradientError(out)
            return out

        noted.__name__ = name_of(self.f)
        by = self.argnums[0] if len(self.argnums) == 1 else self.argnums
        try:
            return value_and_grad(noted, by)(*self.args)
        except _NoGradientError as found:
            self.argnums = ()
            return found.out

    def _traced_argument(self, name: str, arg: Any) -> Any:
        if name in self.static:
            return arg
        names = leaf_names(name, arg)
        return tree_map(lambda leaf: self._traced(next(names), leaf), arg)

    def _traced(self, name: str, leaf: Any) -> Any:
        if isinstance(leaf, np.random.Generator):
            return TracedGenerator(self.trace, name, leaf)
        return self.trace.leaf(as_example(leaf, name), name)


def _example_of(leaf: Any) -> Any:
    return leaf.example if isinstance(leaf, TracedGenerator) else data_of(leaf)


def checked_arguments(
    capture: Capture, args: tuple[Any, ...], converted: Callable[..., Any] = as_example
) -> list[Any]:
    """The leaves of `args` in the order of the capture's, each `converted(leaf, name)`.

    Raises TypeError for another structure, ValueError for another shape or dtype.
    """
    name = name_of(capture.f)
    if len(args) != len(capture.args):
        raise TypeError(f"`{name}` was derived for {len(capture.args)} arguments, not {len(args)}.")
    found: list[Any] = []
    triples = zip(capture.parameters, args, capture.args, strict=True)
    for i, (parameter, given, traced) in enumerate(triples):
        if parameter in capture.static:
            found += leaves(given)
            continue
        differs = difference(given, traced)
        if differs is not None:
            path, now, then = differs
            raise TypeError(
                f"`{name}` was derived for `{parameter}` of another structure: "
                f"`{parameter}{path}` now is {now}, and was {then}.\n"
                "Derive it again with such arguments."
            )
        for leaf, node in zip(leaves_in_order_of(given, traced), leaves(traced), strict=True):
            found.append(_checked_leaf(leaf, node, converted, i in capture.argnums))
    return found


def _checked_leaf(leaf: Any, node: Any, converted: Callable[..., Any], promoted: bool) -> Any:
    """A leaf as the program takes it, which by itself promotes what it is differentiated by."""
    if isinstance(node, TracedGenerator):
        return leaf
    data, kind = converted(leaf, node.name), kind_of(node)
    if isinstance(kind, Array):
        if promoted and kind.dtype.kind in "biu":
            kind = Array(kind.shape, np.dtype(float))
        data = np.asarray(data) if isinstance(data, float) else data
        if data.dtype.kind in "biu" and kind.dtype.kind == "f":
            data = data.astype(kind.dtype)
    elif isinstance(data, np.ndarray) and data.ndim == 0:
        data = float(data)
    elif getattr(data, "dtype", np.dtype(float)).kind in "biu":  # of JAX's
        data = data.astype(float)
    if not kind.like(data):
        raise ValueError(
            f"This program was derived for `{node.name}` as {describe(node._data)}, but it is "
            f"{describe(leaf)}.\nDerive it again with such an argument, or use `compile`, "
            "which does so by itself."
        )
    return data
