"""How one use of an operation pulls a cotangent back: its rule, compiled for where things stand."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph.value import Value, plain
from ..support import syntax
from .namespaces import numpy_function, scalar_function
from .partials import pairs, pull_function
from .primitive import Primitive


class Pullback:
    """How one use of an operation pulls a cotangent back to those operands that are nodes.

    `inputs(node)` gives these operands. `pull_floats(ct, node)` of a Value, and `pull_arrays` of
    a Tensor, give pairs of an operand and its cotangent, as plain data. They are compiled from
    the rule when they are first wanted.
    """

    def __init__(self, primitive: Primitive, positions: tuple[int, ...]) -> None:
        self.primitive = primitive
        self.positions = positions
        self.inputs = _inputs_getter(primitive, positions)

    @functools.cached_property
    def pull_floats(self) -> Callable[..., Any]:
        """On Python's floats, which raise where IEEE 754 has an infinity or NaN."""
        return self._compiled("pull_floats", scalar_function)

    @functools.cached_property
    def pull_arrays(self) -> Callable[..., Any]:
        """On arrays."""
        return self._compiled("pull_arrays", numpy_function)

    def _compiled(self, which: str, look_up: Callable[[str], Any]) -> Callable[..., Any]:
        label = f"{which}_{self.primitive.name}"
        with syntax.COMPILING:
            if not self.primitive.elementwise:
                return self._of_rule(label)
            return self._of_partials(label, look_up)

    def _of_partials(self, label: str, look_up: Callable[[str], Any]) -> Callable[..., Any]:
        """Each operand's partial times the cotangent."""
        primitive = self.primitive
        partials = primitive.partials()
        return pull_function(
            label,
            self._places(),
            [self._place(i) for i in self.positions],
            [partials[i] for i in self.positions],
            look_up,
            choices=[primitive.choices[i] for i in self.positions],
        )

    def _of_rule(self, label: str) -> Callable[..., Any]:
        """The rule called on what stands in the node."""
        primitive = self.primitive
        places = {**self._places(), primitive.lead[0]: "ct"}
        if primitive.keeps:
            places[primitive.lead[2]] = "kept_in(node)"
        call = f"rule({', '.join(places.values())})"
        count = len(primitive.operands)
        check = f"if type(said) is not tuple or len(said) != {count}:\n    said = checked(said)"
        parts = [f"part() if callable(part := said[{i}]) else part" for i in self.positions]
        known = {
            "rule": primitive.rule, "checked": primitive.checked, "kept_in": self._kept_in,
            "callable": callable, "type": type, "tuple": tuple, "len": len,
        }  # fmt: skip
        return syntax.compile_function(
            label,
            ["ct", "node"],
            ast.parse(f"said = {call}\n{check}").body,
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

    def _places(self) -> dict[str, str]:
        """Where in a node the rule's parameters are found."""
        primitive = self.primitive
        output = "node._data" if primitive.looks else "None"
        places = dict.fromkeys(primitive.lead, output)
        for i, name in enumerate(primitive.operands):
            place = self._place(i)
            places[name] = f"{place}._data" if i in self.positions else place
        for i, name in enumerate(primitive.defaults):
            places[name] = f"node._y[{i}]"
        return places

    def operands(self, node: Value) -> Sequence[Any]:
        """The operands of `node` as they were given: nodes, and constants' data."""
        if self.primitive.general:
            return node._x  # type: ignore[no-any-return]
        return (node._x,) if len(self.primitive.operands) == 1 else (node._x, node._y)

    def on_nodes(self, ct: Any, node: Value) -> list[Any]:
        """What the rule gives on the nodes themselves, for each operand that is one.

        Of an elementwise rule that is a partial, of another a cotangent, or a function that
        gives it, or None.
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


class PullbackOfMany(Pullback):
    """That of an operation of any number of operands: no text grows with that number."""

    def pull_arrays(self, ct: Any, node: Value) -> Any:
        """On arrays."""
        said = apply_rule(self.primitive, ct, node._data, [plain(o) for o in node._x], node)
        parts = [said[i]() if callable(said[i]) else said[i] for i in self.positions]
        return zip(self.inputs(node), parts)  # no pair lives on: the collector would visit each

    pull_floats = pull_arrays


def pullback_of(primitive: Primitive, positions: tuple[int, ...]) -> Pullback:
    """The pull-back where just the operands at these positions are nodes."""
    if primitive.variadic:  # there is no end to them: none is kept
        return PullbackOfMany(primitive, positions)
    found: Pullback | None = primitive.pullbacks.get(positions)
    if found is None:
        found = primitive.pullbacks[positions] = Pullback(primitive, positions)
    return found


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


def _float64_of(data: Any) -> Any:
    return np.float64(data) if type(data) is float else data
