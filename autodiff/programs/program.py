"""A derivative as a program: straight-line Python that a person would have written by hand."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..graph.value import Value
from ..primitives.namespaces import MATH_NAMES, numpy_function
from ..support import syntax
from ..support.files import replacing
from ..support.tree import leaves, unflatten
from .capture import Recorded, checked_arguments
from .steps import Step, uniform
from .text.names import Names
from .text.printer import Writer, preamble
from .text.scatters import accumulations
from .text.source import compiled_source
from .text.trees import holds_named_tuple, returned, unpacking
from .tracing.signature import name_of
from .tracing.trace import TracedGenerator

_LARGEST = 10_000  # entries of a constant array that a program spells out


class Program:
    """The steps of a function, forward and backward, as Python source that runs.

    `source` is a module that imports numpy or math and nothing else; `print(program)` shows
    it. Calling the program gives what the function gave, in its structure: for one number its
    value and gradients, for anything else just the value. A program is of the shapes and
    dtypes that it was derived for: other arguments raise ValueError, another structure
    TypeError. It does not warn of infinities.

    On floats the source is plain `math`, which raises where IEEE 754 has inf or nan; called
    here, the same lines are then run on NumPy's floats, as the engine does.
    """

    WRITER = Writer
    COPIES = True  # whether a result that is a view, or an argument, must be copied

    def __init__(self, recorded: Recorded, name: str) -> None:
        self.name = name
        self._recorded = recorded
        self._constants: dict[bytes, str] = {}
        self._constant_lines: list[str] = []
        graph = recorded.graph
        self._names = Names(recorded, name)
        self._writer = self.WRITER(graph, self._names, self._array)
        self._live = set(graph.steps)
        body = self._body()
        top = preamble(self._writer)
        imports, helpers = (top[:1], top[1:]) if top and top[0].startswith("import") else ([], top)
        title = f'"""{self._title()}"""'
        function = "\n".join([f"def {name}({self._parameters()}):", *body])
        constants = ["\n".join(self._constant_lines)] if self._constant_lines else []
        self.source = "\n\n\n".join(
            ["\n\n".join([title, *imports]), *helpers, *constants, function]
        )
        self.source += "\n"
        self._prepare()
        del self._writer, self._names, self._live
        recorded.forget()

    def _prepare(self) -> None:
        self._run = self._compiled({})
        self._ieee: Callable[..., Any] | None = None
        self._named_tuples = holds_named_tuple(self._recorded.out)
        self._careful: Program | None = None

    # -- the text ----------------------------------------------------------------------------

    def _parameters(self) -> str:
        return ", ".join(self._names.parameters)

    def _title(self) -> str:
        by = [self._recorded.parameters[i] for i in self._recorded.argnums]
        gradient = f" and its gradient by {', '.join(by)}" if by else ""
        return f"The value of {name_of(self._recorded.f)}{gradient}."

    def _body(self) -> list[str]:
        recorded = self._recorded
        lines = [
            line
            for name, arg in zip(self._names.parameters, recorded.args, strict=True)
            for line in unpacking(name, arg, self._named)
        ]
        part = 0
        graph = recorded.graph
        sums, absorbed = accumulations(graph.steps, self._writer.uses)
        if any(step.backward for step in graph.steps):
            lines += [*([""] if lines else []), "# forward"]
        for step in graph.steps:
            if step.primitive is None and step.draw is None:
                if step.captured is not None:
                    self._capture(self._names[step], step.captured)
                continue
            if step.backward != part:
                part = step.backward
                lines += ["", f"# {self._part(part)}"]
            if step in sums:
                lines += self._writer.sum_of_scatters(step, sums[step])
            elif step not in absorbed:
                expression = self._writer.line(step)
                if expression is not None:
                    shape = "" if step.scalar else f"  # {step.shape}"
                    lines.append(f"{self._names[step]} = {syntax.text_of(expression)}{shape}")
        lines += [*([""] if "" in lines else []), *self._returned()]
        return [f"    {line}" if line else "" for line in lines]

    def _part(self, number: int) -> str:
        """What the steps of a backward pass are called, or those after all passes, number 0."""
        orders = self._recorded.trace.orders
        order = orders[number]
        if not order:
            return "result"
        again = sum(other == order for pass_, other in orders.items() if pass_ <= number)
        return (
            "backward"
            + (f", order {order}" if order > 1 else "")
            + (f", pass {again}" if again > 1 else "")
        )

    def _capture(self, name: str, node: Value) -> None:
        """Say what a node is that the function has from around it: it becomes a constant."""
        self._constant_lines.append(f"{name} = {self._value(node._data)}")

    def _named(self, leaf: Any) -> str | None:
        """The name of an argument's leaf, if a step uses it."""
        step = self._recorded.graph.of(leaf)
        used = isinstance(leaf, TracedGenerator) or step in self._live
        return self._names[step] if used else None

    def _returned(self) -> list[str]:
        graph = self._recorded.graph
        texts = []
        seen: list[Any] = [step.example for step in graph.inputs]
        seen += [s.example for s in graph.steps if s.captured is not None]
        for out in graph.outputs:
            text = syntax.text_of(self._writer.operand(out))
            if isinstance(out, Step) and isinstance(out.example, np.ndarray) and out.shape:
                shared = any(np.may_share_memory(out.example, other) for other in seen)
                if self.COPIES and (shared or not out.example.flags.owndata):
                    text = f"{text}.copy()"
                seen.append(out.example)
            texts.append(text)
        return returned(unflatten(self._recorded.out, texts))

    def _array(self, array: Any) -> ast.expr:
        """A constant array: by its name, above the function, or in place where it is small."""
        value = self._value(array)
        if array.size <= 4:
            return ast.parse(value, mode="eval").body
        key = array.tobytes() + repr((array.shape, array.dtype)).encode()
        if key not in self._constants:
            self._constants[key] = self._names.fresh("C1")
            self._constant_lines.append(f"{self._constants[key]} = {value}")
        return syntax.name(self._constants[key])

    def _value(self, value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return syntax.text_of(self._writer.operand(value))
        self._writer.modules.add("np")
        if value.size > 4 and value.dtype == np.float64 and uniform(value):
            return f"np.full({value.shape}, {syntax.text_of(self._writer.literal(value.flat[0]))})"
        if value.size > _LARGEST:
            raise ValueError(
                f"A program spells its constants out, but one array has {value.size} entries.\n"
                "Make it an argument of the function."
            )
        numbers = syntax.text_of(self._writer.literal(value.tolist()))
        usual = value.dtype in (np.float64, np.int64, np.bool_) and value.size
        dtype = "" if usual else f", dtype=np.{value.dtype.name}"
        shape = "" if value.size else f".reshape({value.shape})"
        return f"np.array({numbers}{dtype}){shape}"

    # -- running it --------------------------------------------------------------------------

    def _compiled(self, replaced: dict[str, Any]) -> Callable[..., Any]:
        """The function that the source defines. It comes from the registry and checked names."""
        module = ast.parse(self.source)
        if replaced:
            module.body = [s for s in module.body if not isinstance(s, ast.Import)]
        namespace: dict[str, Any] = dict(replaced)
        exec(compiled_source(self.name, self.source, module), namespace)
        function: Callable[..., Any] = namespace[self.name]
        return function

    def __call__(self, *args: Any) -> Any:
        recorded = self._recorded
        given = unflatten(args, checked_arguments(recorded, args))
        with np.errstate(all="ignore"):
            try:
                out = self._run(*given)
            except (ArithmeticError, ValueError):
                out = self._run_ieee(given)
        if self._named_tuples:
            out = unflatten(recorded.out, leaves(out))
        if recorded.trace.doubtful and any(np.isnan(leaf).any() for leaf in leaves(out)):
            if self._careful is None:
                again = Recorded(
                    recorded.f, args, recorded.argnums, careful=True,
                    static=recorded.static, names=recorded.parameters,
                )  # fmt: skip
                self._careful = Program(again, self.name)
            return self._careful(*args)
        return out

    def _run_ieee(self, args: Any) -> Any:
        if self._ieee is None:
            functions = {theirs: numpy_function(ours) for ours, theirs in MATH_NAMES.items()}
            as_math = types.SimpleNamespace(**functions, pow=np.power)
            self._ieee = self._compiled({"math": as_math, "np": np})
        given = unflatten(args, [np.float64(a) if type(a) is float else a for a in leaves(args)])
        out = self._ieee(*given)
        return unflatten(out, [float(o) if np.ndim(o) == 0 else o for o in leaves(out)])

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<Program {self.name} of {len(self.source.splitlines())} lines>"

    def save(self, path: str | Path) -> None:
        """Write the source as a module; a file that is there is replaced whole or not at all."""
        with replacing(path) as file:
            file.write(self.source.encode())
