"""A derivative as the text of a module: its steps in order, forward and backward."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

import numpy as np

from ...graph.value import Value
from ...support import syntax
from ...support.cached import Cached
from ...support.tree import unflatten
from ..capture import Capture
from ..steps import Step, uniform
from ..tracing.signature import name_of
from ..tracing.trace import TracedGenerator
from .language import Language
from .names import Names
from .printer import Printer, needed
from .scatters import sums_of_scatters

_LARGEST = 10_000  # entries of a constant array that a program spells out


class Module:
    """`source`, the text of a module with the steps of a capture as a function, called `name`.

    What the function has from around it is a constant of the program; with `as_arguments` a
    parameter, and `captured` says of which node. Beside it stands what has the names `taken`.
    """

    def __init__(
        self, capture: Capture, name: str, language: Language, as_arguments: bool = False,
        taken: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.capture, self.name, self.language = capture, name, language
        self._as_arguments = as_arguments
        self.captured: dict[str, Value] = {}
        self._constants: dict[bytes, str] = {}
        self.constant_lines: list[str] = []
        self.names = Names(capture, name, language, taken=taken)
        self.printer = Printer(capture.graph, self.names, language, self._array)
        self._live = set(capture.graph.steps)
        self.body = self._body()
        self.note = language.note(capture)

    @Cached
    def source(self) -> str:
        """The text of the module."""
        needs = self.printer.helpers, self.printer.modules, self.names.outside
        imports, definitions = needed(self.language, *needs)
        captured = ["*", *self.captured] if self.captured else []
        return self.language.module(
            f"{self.title}{self.note}", imports, definitions, self.constant_lines,
            self.name, [*self.names.parameters, *captured], self.body,
        )  # fmt: skip

    @property
    def title(self) -> str:
        """What the program computes."""
        by = [self.capture.parameters[i] for i in self.capture.argnums]
        gradient = f" and its gradient by {', '.join(by)}" if by else ""
        return f"The value of {name_of(self.capture.f)}{gradient}."

    def _body(self) -> list[str]:
        language, graph = self.language, self.capture.graph
        lines = [
            line
            for name, arg in zip(self.names.parameters, self.capture.args, strict=True)
            for line in language.unpacking(name, arg, self._named)
        ]
        part = 0
        sums, absorbed = sums_of_scatters(graph.steps, self.printer.uses)
        if any(step.backward for step in graph.steps):
            lines += [*([""] if lines else []), f"{language.comment}forward"]
        for step in graph.steps:
            if step.primitive is None and step.draw is None:
                if step.captured is not None:
                    self._has_from_around(self.names[step], step.captured)
                continue
            if step.backward != part:
                part = step.backward
                lines += ["", f"{language.comment}{self._part(part)}"]
            if step in sums:
                lines += language.sum_of_scatters(self.printer, step, sums[step])
            elif step not in absorbed:
                expression = self.printer.line(step, self._is_minor(step))
                if expression is not None:
                    shape = "" if step.scalar else str(step.shape)
                    text = language.expression(expression)
                    lines.append(language.assignment(self.names[step], text, shape))
        lines += [*([""] if "" in lines else []), *language.returned(self._results())]
        return [f"    {line}" if line else "" for line in lines]

    def _is_minor(self, step: Step) -> bool:
        """Whether a step that has a name may still stand in the line of another."""
        return False

    def _part(self, number: int) -> str:
        """What the steps of a backward pass are called, or those after all passes, number 0."""
        orders = self.capture.trace.orders
        order = orders[number]
        if not order:
            return "result"
        again = sum(other == order for pass_, other in orders.items() if pass_ <= number)
        return (
            "backward"
            + (f", order {order}" if order > 1 else "")
            + (f", pass {again}" if again > 1 else "")
        )

    def _has_from_around(self, name: str, node: Value) -> None:
        if self._as_arguments:
            self.captured[name] = node
        else:
            text = self.language.expression(self._constant(node._data))
            self.constant_lines.append(self.language.assignment(name, text))

    def _named(self, leaf: Any) -> str | None:
        """The name of an argument's leaf, if a step uses it."""
        step = self.capture.graph.of(leaf)
        used = isinstance(leaf, TracedGenerator) or step in self._live
        return self.names[step] if used else None

    def _results(self) -> Any:
        """The texts of what is returned, in its structure."""
        graph = self.capture.graph
        texts = []
        seen: list[Any] = [step.example for step in graph.inputs]
        seen += [s.example for s in graph.steps if s.captured is not None]
        for out in graph.outputs:
            expression = self.printer.operand(out)
            text = self.language.expression(expression)
            if isinstance(out, np.ndarray) and isinstance(expression, ast.Name):
                text += self.language.copy  # a constant of the module, for all calls
            if isinstance(out, Step) and isinstance(out.example, np.ndarray):
                shared = any(np.may_share_memory(out.example, other) for other in seen)
                if shared or not out.example.flags.owndata:
                    text += self.language.copy
                seen.append(out.example)
            texts.append(text)
        return unflatten(self.capture.out, texts)

    # -- constants ---------------------------------------------------------------------------

    def _array(self, array: Any) -> ast.expr:
        """A constant array: by its name, above the function, or in place where it is small."""
        value = self._constant(array)
        if array.size <= 4:
            return value
        key = array.tobytes() + repr((array.shape, array.dtype)).encode()
        if key not in self._constants:
            self._constants[key] = self.names.fresh("C1", outside=True)
            text = self.language.expression(value)
            self.constant_lines.append(self.language.assignment(self._constants[key], text))
        return syntax.name(self._constants[key])

    def _constant(self, value: Any) -> ast.expr:
        if not isinstance(value, np.ndarray):
            return self.printer.operand(value)
        if value.size > 4 and uniform(value):
            return syntax.array_literal(value, self._numpys, uniform=True)
        if value.size > _LARGEST:
            raise ValueError(
                f"A program spells its constants out, but one array has {value.size} entries.\n"
                "Make it an argument of the function."
            )
        return syntax.array_literal(value, self._numpys)

    def _numpys(self, name: str) -> ast.expr:
        self.printer.modules.add("np")
        return syntax.dotted(f"np.{name}")
