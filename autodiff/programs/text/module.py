"""A derivative as the text of a module: its steps in order, forward and backward."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ...graph.value import Value
from ...support import syntax
from ...support.tree import unflatten
from ..capture import Capture
from ..steps import Step, uniform
from ..tracing.signature import name_of
from ..tracing.trace import TracedGenerator
from .language import Language
from .names import Names
from .printer import Printer
from .scatters import sums_of_scatters

_LARGEST = 10_000  # entries of a constant array that a program spells out


class Module:
    """`source`, the text of a module with the steps of a capture as a function, called `name`.

    What the function has from around it is a constant of the program; with `as_arguments` a
    parameter, and `captured` says of which node.
    """

    def __init__(
        self, capture: Capture, name: str, language: Language, as_arguments: bool = False
    ) -> None:
        self._capture, self._language = capture, language
        self._as_arguments = as_arguments
        self.captured: dict[str, Value] = {}
        self._constants: dict[bytes, str] = {}
        self._constant_lines: list[str] = []
        self._names = Names(capture, name, language)
        self._printer = Printer(capture.graph, self._names, language, self._array)
        self._live = set(capture.graph.steps)
        body = self._body()
        imports, definitions = self._printer.needed(self._names.outside)
        parameters = [*self._names.parameters, *(["*", *self.captured] if self.captured else [])]
        self.source = language.module(
            self._title(), imports, definitions, self._constant_lines, name, parameters, body
        )

    def _title(self) -> str:
        by = [self._capture.parameters[i] for i in self._capture.argnums]
        gradient = f" and its gradient by {', '.join(by)}" if by else ""
        note = self._language.note(self._capture)
        return f"The value of {name_of(self._capture.f)}{gradient}.{note}"

    def _body(self) -> list[str]:
        language, graph = self._language, self._capture.graph
        lines = [
            line
            for name, arg in zip(self._names.parameters, self._capture.args, strict=True)
            for line in language.unpacking(name, arg, self._named)
        ]
        part = 0
        sums, absorbed = sums_of_scatters(graph.steps, self._printer.uses)
        if any(step.backward for step in graph.steps):
            lines += [*([""] if lines else []), f"{language.comment}forward"]
        for step in graph.steps:
            if step.primitive is None and step.draw is None:
                if step.captured is not None:
                    self._has_from_around(self._names[step], step.captured)
                continue
            if step.backward != part:
                part = step.backward
                lines += ["", f"{language.comment}{self._part(part)}"]
            if step in sums:
                lines += language.sum_of_scatters(self._printer, step, sums[step])
            elif step not in absorbed:
                expression = self._printer.line(step)
                if expression is not None:
                    shape = "" if step.scalar else str(step.shape)
                    text = language.expression(expression)
                    lines.append(language.assignment(self._names[step], text, shape))
        lines += [*([""] if "" in lines else []), *language.returned(self._results())]
        return [f"    {line}" if line else "" for line in lines]

    def _part(self, number: int) -> str:
        """What the steps of a backward pass are called, or those after all passes, number 0."""
        orders = self._capture.trace.orders
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
            text = self._language.expression(self._constant(node._data))
            self._constant_lines.append(self._language.assignment(name, text))

    def _named(self, leaf: Any) -> str | None:
        """The name of an argument's leaf, if a step uses it."""
        step = self._capture.graph.of(leaf)
        used = isinstance(leaf, TracedGenerator) or step in self._live
        return self._names[step] if used else None

    def _results(self) -> Any:
        """The texts of what is returned, in its structure."""
        graph = self._capture.graph
        texts = []
        seen: list[Any] = [step.example for step in graph.inputs]
        seen += [s.example for s in graph.steps if s.captured is not None]
        for out in graph.outputs:
            expression = self._printer.operand(out)
            text = self._language.expression(expression)
            if isinstance(out, np.ndarray) and isinstance(expression, ast.Name):
                text += self._language.copy  # a constant of the module, for all calls
            if isinstance(out, Step) and isinstance(out.example, np.ndarray):
                shared = any(np.may_share_memory(out.example, other) for other in seen)
                if shared or not out.example.flags.owndata:
                    text += self._language.copy
                seen.append(out.example)
            texts.append(text)
        return unflatten(self._capture.out, texts)

    # -- constants ---------------------------------------------------------------------------

    def _array(self, array: Any) -> ast.expr:
        """A constant array: by its name, above the function, or in place where it is small."""
        value = self._constant(array)
        if array.size <= 4:
            return value
        key = array.tobytes() + repr((array.shape, array.dtype)).encode()
        if key not in self._constants:
            self._constants[key] = self._names.fresh("C1", outside=True)
            text = self._language.expression(value)
            self._constant_lines.append(self._language.assignment(self._constants[key], text))
        return syntax.name(self._constants[key])

    def _constant(self, value: Any) -> ast.expr:
        if not isinstance(value, np.ndarray):
            return self._printer.operand(value)
        if value.size > 4 and value.dtype == np.float64 and uniform(value):
            sizes = [syntax.literal(value.shape), self._printer.literal(value.flat[0])]
            return ast.Call(self._numpys("full"), sizes, [])
        if value.size > _LARGEST:
            raise ValueError(
                f"A program spells its constants out, but one array has {value.size} entries.\n"
                "Make it an argument of the function."
            )
        return syntax.array_literal(value, self._numpys)

    def _numpys(self, name: str) -> ast.expr:
        self._printer.modules.add("np")
        return syntax.dotted(f"np.{name}")
