"""How one use of an operation pulls a cotangent back: its rule, compiled for where things stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph.node import data_of, operands_at, operands_of, parameters_of, place
from ..graph.value import Value
from ..support import syntax
from .partials import pairs, pull_function
from .primitive import Primitive, forced


class Pullback:
    """How one use of an operation pulls a cotangent back to those operands that are nodes.

    `inputs(node)` gives these operands. `pull_floats(ct, node)` of a Value, and `pull_arrays` of
    a Tensor, give pairs of an operand and its cotangent, as plain data. They are None until they
    are wanted, and `compile`d from the rule then. (A cached property is read in 30 ns: too long.)
    """

    def __init__(self, primitive: Primitive, positions: tuple[int, ...]) -> None:
        self.primitive = primitive
        self.positions = positions
        self.inputs = operands_at(positions, primitive.variadic)
        self.pull_floats: Any = None
        self.pull_arrays: Any = None

    def compiled(self, which: str) -> Callable[..., Any]:
        """`pull_floats`, which raises where IEEE 754 has an infinity or NaN, or `pull_arrays`."""
        label = f"{which}_{self.primitive.name}"
        if self.primitive.elementwise:
            pull = self._of_partials(label, on_floats=which == "pull_floats")
        else:
            pull = self._of_rule(label)
        setattr(self, which, pull)
        return pull

    def _of_partials(self, label: str, on_floats: bool) -> Callable[..., Any]:
        """Each operand's partial times the cotangent."""
        primitive = self.primitive
        partials = primitive.partials()
        return pull_function(
            label,
            self._places(),
            [place(i) for i in self.positions],
            [partials[i] for i in self.positions],
            [primitive.choices[i] for i in self.positions],
            on_floats,
        )

    def _of_rule(self, label: str) -> Callable[..., Any]:
        """The rule called on what stands in the node."""
        primitive = self.primitive
        places = {**self._places(), primitive.lead[0]: "ct"}
        if primitive.keeps:
            places[primitive.lead[2]] = "residual_of(node)"
        call = f"rule({', '.join(places.values())})"
        count = len(primitive.operands)
        check = (
            f"if type(returned) is not tuple or len(returned) != {count}:\n"
            "    returned = checked(returned)"
        )
        parts = [f"part() if callable(part := returned[{i}]) else part" for i in self.positions]
        known = {
            "rule": primitive.rule, "checked": primitive.checked, "residual_of": self._residual_of,
            "callable": callable, "type": type, "tuple": tuple, "len": len,
        }  # fmt: skip
        return syntax.compile_function(
            label,
            ["ct", "node"],
            syntax.parse(f"returned = {call}\n{check}").body,
            pairs(
                [place(i) for i in self.positions],
                [syntax.parse(part, mode="eval").body for part in parts],
            ),
            known.__getitem__,
        )

    def _residual_of(self, node: Value) -> Any:
        """What the operation found for its rule, or what is found now."""
        residual = getattr(node, "_residual", None)
        if residual is None:
            also = self.primitive.residual_operation
            operands = [data_of(o) for o in operands_of(node)]
            params = parameters_of(node) if also.defaults else ()
            residual = node._residual = also.on_arrays(*also.arguments(operands, params))
        return residual

    def _places(self) -> dict[str, str]:
        """Where in a node the rule's parameters are found."""
        primitive = self.primitive
        output = "node._data" if primitive.uses_output else "None"
        places = dict.fromkeys(primitive.lead, output)
        for i, name in enumerate([*primitive.operands, *primitive.defaults]):
            places[name] = f"{place(i)}._data" if i in self.positions else place(i)
        return places

    def on_nodes(self, ct: Any, node: Value) -> list[Any]:
        """What the rule gives on the nodes themselves, for each operand that is one.

        Of an elementwise rule that is a partial, of another a cotangent, or a function that
        gives it, or None.
        """
        primitive, operands = self.primitive, operands_of(node)
        if primitive.elementwise:
            params = parameters_of(node)
            try:
                returned = primitive.rule(node, *operands, *params)
            except ArithmeticError:  # of constants, which are Python's floats
                ours = [np.float64(o) if type(o) is float else o for o in operands]
                returned = primitive.rule(node, *ours, *params)
            returned = returned if isinstance(returned, tuple) else (returned,)
            return [forced(returned[i]) for i in self.positions]
        returned = apply_rule(primitive, ct, node, operands, node)
        return [returned[i] for i in self.positions]


class VariadicPullback(Pullback):
    """That of an operation of any number of operands, with which compiled text would grow."""

    def compiled(self, which: str) -> Callable[..., Any]:
        """Nothing is compiled."""
        return self._pull

    def _pull(self, ct: Any, node: Value) -> Any:
        operands = [data_of(o) for o in operands_of(node)]
        returned = apply_rule(self.primitive, ct, node._data, operands, node)
        parts = [forced(returned[i]) for i in self.positions]
        return zip(self.inputs(node), parts)  # no pair lives on: the collector would visit each


def pullback_of(primitive: Primitive, positions: tuple[int, ...]) -> Pullback:
    """The pull-back where just the operands at these positions are nodes."""
    if primitive.variadic:  # there is no end to them: none is held
        return VariadicPullback(primitive, positions)
    found: Pullback | None = primitive.pullbacks.get(positions)
    if found is None:
        found = primitive.pullbacks[positions] = Pullback(primitive, positions)
    return found


def apply_rule(
    primitive: Primitive, ct: Any, z: Any, operands: Sequence[Any], node: Value
) -> tuple[Any, ...]:
    """One cotangent (or a function that gives it, or None) for each operand of `node`."""
    params = parameters_of(node)
    z = z if primitive.uses_output else None
    leading = [ct, z]
    if primitive.keeps is not None:
        also = primitive.residual_operation
        given = also.arguments(operands, params if also.defaults else ())
        leading.append(also.call(*given))
    if primitive.variadic:
        named = dict(zip(primitive.defaults, params, strict=True))
        returned = primitive.rule(*leading, *operands, **named)
    else:
        returned = primitive.rule(*leading, *operands, *params)
    return primitive.checked(returned, len(operands))
