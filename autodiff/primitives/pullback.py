"""How one use of an operation pulls a cotangent back: its rule, compiled for where things stand."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph.value import Value, plain
from ..support import syntax
from .namespaces import helper, numpy_function, scalar_function
from .partials import pairs, pull_function
from .primitive import Primitive


class Link:
    """How one use of an operation pulls a cotangent back to those operands that are nodes.

    `inputs(node)` gives these operands; `pull_floats(ct, node)` and its like give pairs of an
    operand and its cotangent: of a Value, of a Value where Python's floats raise (by NumPy's, in
    IEEE 754), of a Tensor, and of a Tensor with a look at every product.
    """

    __slots__ = (
        "inputs", "positions", "primitive",
        "pull_arrays", "pull_carefully", "pull_floats", "pull_ieee",
    )  # fmt: skip

    pull_arrays: Callable[..., Any]
    pull_carefully: Callable[..., Any]
    pull_floats: Callable[..., Any]
    pull_ieee: Callable[..., Any]

    def __init__(self, primitive: Primitive, positions: tuple[int, ...]) -> None:
        self.primitive = primitive
        self.positions = positions
        self.inputs = _inputs_getter(primitive, positions)
        # Each is compiled at its first use.
        for which in ("pull_floats", "pull_ieee", "pull_arrays", "pull_carefully"):
            setattr(self, which, self._compiling(which))

    def _compiling(self, which: str) -> Callable[..., Any]:
        compiled = self._of_partials if self.primitive.elementwise else self._of_rule

        def compile_then_pull(ct: Any, node: Value) -> Any:
            with syntax.COMPILING:
                pull = compiled(which)
            setattr(self, which, pull)
            return pull(ct, node)

        return compile_then_pull

    def _of_partials(self, which: str) -> Callable[..., Any]:
        primitive = self.primitive
        partials = primitive.partials()
        return pull_function(
            f"{which}_{primitive.name}",
            self._places("float64_of({})" if which == "pull_ieee" else "{}"),
            [self._place(i) for i in self.positions],
            [partials[i] for i in self.positions],
            scalar_function if which == "pull_floats" else numpy_function,
            careful=which in ("pull_carefully", "pull_ieee"),
            choices=[primitive.choices[i] for i in self.positions],
        )

    def _of_rule(self, which: str) -> Callable[..., Any]:
        """The rule called on what stands in the node."""
        primitive = self.primitive
        places = {**self._places("{}"), primitive.lead[0]: "ct"}
        if primitive.keeps:
            places[primitive.lead[2]] = "kept_in(node)"
        call = f"rule({', '.join(places.values())})"
        careful = which in ("pull_carefully", "pull_ieee")
        zero = "if all_zero(ct):\n    return ()\n" if careful else ""
        count = len(primitive.operands)
        check = f"if type(said) is not tuple or len(said) != {count}:\n    said = checked(said)"
        parts = [f"part() if callable(part := said[{i}]) else part" for i in self.positions]
        known = {
            "rule": primitive.rule, "checked": primitive.checked, "kept_in": self._kept_in,
            "all_zero": _all_zero, "callable": callable, "type": type, "tuple": tuple, "len": len,
        }  # fmt: skip
        return syntax.compile_function(
            f"{which}_{primitive.name}",
            ["ct", "node"],
            ast.parse(f"{zero}said = {call}\n{check}").body,
            pairs(
                [self._place(i) for i in self.positions],
                [ast.parse(part, mode="eval").body for part in parts],
            ),
            known.__getitem__,
        )

    def _kept_in(self, node: Value) -> Any:
        """What was kept for the rule, or is found now."""
        kept = getattr(node, "_kept", None)
        if kept is None:
            also = self.primitive.kept_beside
            kept = node._kept = also.on_arrays(*[plain(o) for o in self.operands(node)])
        return kept

    def _place(self, i: int) -> str:
        """Where in a node an operand is found."""
        return f"node._x[{i}]" if self.primitive.general else ("node._x", "node._y")[i]

    def _places(self, form: str) -> dict[str, str]:
        """Where in a node the rule's parameters are found."""
        primitive = self.primitive
        output = form.format("node._data") if primitive.looks else "None"
        places = dict.fromkeys(primitive.lead, output)
        for i, name in enumerate(primitive.operands):
            place = self._place(i)
            places[name] = form.format(f"{place}._data" if i in self.positions else place)
        for i, name in enumerate(primitive.defaults):
            places[name] = f"node._y[{i}]"
        return places

    def operands(self, node: Value) -> Sequence[Any]:
        """The operands of `node` as they were given: nodes, and constants' data."""
        if self.primitive.general:
            return node._x  # type: ignore[no-any-return]
        return (node._x,) if len(self.primitive.operands) == 1 else (node._x, node._y)

    def recorded(self, ct: Any, node: Value) -> list[Any]:
        """The rule run on the nodes themselves: partials, or cotangents that are nodes.

        In the place of a cotangent may stand a function that gives it.
        """
        primitive, operands = self.primitive, self.operands(node)
        if primitive.elementwise:
            params = node._y if primitive.general else ()
            try:
                said = primitive.rule(node, *operands, *params)
            except ArithmeticError:  # of constants, which are Python's floats
                said = primitive.rule(node, *map(_float64_of, operands), *params)
            said = said if isinstance(said, tuple) else (said,)
            return [said[i]() if callable(said[i]) else said[i] for i in self.positions]
        said = apply_rule(primitive, ct, node, operands, node)
        return [said[i] for i in self.positions]


class LinkOfMany(Link):
    """The link of an operation of any number of operands: no text grows with that number."""

    __slots__ = ()

    def __init__(self, primitive: Primitive, positions: tuple[int, ...]) -> None:
        self.primitive = primitive
        self.positions = positions
        self.inputs = _inputs_getter(primitive, positions)

    def pull_arrays(self, ct: Any, node: Value) -> Any:
        said = apply_rule(self.primitive, ct, node._data, [plain(o) for o in node._x], node)
        parts = [said[i]() if callable(said[i]) else said[i] for i in self.positions]
        return zip(self.inputs(node), parts)  # no pair lives on: the collector would visit each

    pull_floats = pull_ieee = pull_arrays

    def pull_carefully(self, ct: Any, node: Value) -> Any:
        return () if _all_zero(ct) else self.pull_arrays(ct, node)


def link_of(primitive: Primitive, positions: tuple[int, ...]) -> Link:
    """The pull-back where just the operands at these positions are nodes."""
    link: Link | None = primitive.links.get(positions)
    if link is None:
        if primitive.variadic:  # there is no end to them: none is kept
            return LinkOfMany(primitive, positions)
        link = primitive.links[positions] = Link(primitive, positions)
    return link


def apply_rule(
    primitive: Primitive, ct: Any, z: Any, operands: Sequence[Any], node: Value
) -> tuple[Any, ...]:
    """One cotangent (or a function that gives it, or None) for each operand of `node`."""
    params = node._y if primitive.general else ()
    z = z if primitive.looks else None
    if primitive.keeps is not None:
        kept = primitive.kept_beside.call(*operands, *params)
        return primitive.checked(primitive.rule(ct, z, kept, *operands, *params))
    if primitive.variadic:
        named = dict(zip(primitive.defaults, params, strict=True))
        said = primitive.rule(ct, z, *operands, **named)
    else:
        said = primitive.rule(ct, z, *operands, *params)
    return primitive.checked(said, len(operands))


def _inputs_getter(primitive: Primitive, positions: tuple[int, ...]) -> Callable[..., Any]:
    if primitive.general or not positions:
        return lambda node: tuple([node._x[i] for i in positions])
    if positions == (0,):
        return lambda node: (node._x,)
    if positions == (1,):
        return lambda node: (node._y,)
    return lambda node: (node._x, node._y)


def _all_zero(ct: Any) -> bool:
    return not np.any(ct)


@helper("float64_of")
def _float64_of(data: Any) -> Any:
    return np.float64(data) if type(data) is float else data
