"""A compiled program: its source, of single NumPy calls, and the workspaces that it runs in."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from contextvars import Context
from typing import Any

import numpy as np

from ...graph.value import Value
from ...support import syntax
from ...support.tree import leaves, unflatten
from ..capture import Capture
from ..kinds import fitting
from ..program import Program
from ..steps import Step
from ..text.names import Names, program_name
from ..text.numpy import NUMPY
from ..text.printer import needed
from ..text.source import compiled_source
from ..text.trees import holds_named_tuple, tree_text, unpacking
from ..tracing.infinities import reach
from ..tracing.trace import TracedGenerator
from .blocks import grouped, in_blocks
from .buffers import Buffers
from .doubts import Doubts, look
from .hoisting import hoist
from .lowering import Call, Lowered, Variable
from .orders import empty, laid_out
from .spares import Spare


class BufferedProgram:
    """The program of one function for one structure, and the shapes and dtypes in it."""

    def __init__(self, capture: Capture, donated: tuple[str, ...]) -> None:
        self.capture = capture
        self.name = program_name(capture.f, NUMPY)
        self.captures = bool(capture.graph.captured())
        graph = capture.graph
        self._names = names = Names(capture, self.name, NUMPY, beside=True)
        self._inputs = dict(zip(capture.inputs, graph.inputs, strict=True))
        self.lowered = Lowered(graph, names)
        # Arrays of others, of which those without axes look like numbers.
        self._given = {
            self.lowered.variable(step)
            for step in (*graph.inputs, *graph.captured())
            if isinstance(step.example, np.ndarray)
        }
        self._printer = self.lowered.printer
        # On Python's floats a step may raise where IEEE 754 has an infinity, and a zero
        # cotangent may have met one: then the slower, careful program says what is right.
        self._raises = any(s.scalar and s.primitive is not None for s in graph.steps)
        self._doubtful = capture.trace.doubtful or capture.trace.ties
        hoist(self.lowered)
        outputs = self.lowered.outputs
        self.calls = grouped(self.lowered.calls, outputs)
        self.buffers = Buffers(self.calls, outputs, self._donated_variables(donated))
        self._quiet = any(map(_may_warn, graph.steps))
        self.source = self._source()
        namespace = self._namespace()
        self._make: Callable[..., Any] = namespace["workspace"]
        self.fits = fitting(capture.kinds())
        self._idle: list[Callable[..., Any]] = []
        self._named_tuples = holds_named_tuple(capture.out)
        self._careful: Program | None = None
        del self.lowered, self.calls, self._inputs, self._given, self._printer, self._names
        capture.forget()

    def __call__(self, *args: Any) -> Any:
        # Each call in flight has a workspace of its own, so that threads do not meet in one.
        try:
            run = self._idle.pop()
        except IndexError:
            run = self._make()
            if self._quiet:
                run = _quiet(run)
        try:
            out = run(*args)
        except (ArithmeticError, ValueError):
            if not self._raises:
                raise
            return self._with_care(args)
        self._idle.append(run)
        if out is None:
            return self.capture.eagerly(args) if self.capture.trace.ties else self._with_care(args)
        return unflatten(self.capture.out, leaves(out)) if self._named_tuples else out

    def _with_care(self, args: tuple[Any, ...]) -> Any:
        careful = self._careful
        if careful is None:
            careful = Program(self.capture.carefully(args), self.name)
        if not self.captures:  # nodes from around it are constants of this program
            self._careful = careful
        return careful(*args)

    def _donated_variables(self, donated: tuple[str, ...]) -> list[Variable]:
        return [
            self.lowered.variable(self._inputs[node])
            for parameter, arg in zip(self.capture.parameters, self.capture.args, strict=True)
            if parameter in donated
            for node in leaves(arg)
            if isinstance(node, Value)
        ]

    # -- the text ----------------------------------------------------------------------------

    def _source(self) -> str:
        hoisted, lines = self._lines()
        made = [f"{name} = {text}" for name, text in self.lowered.made.items()]
        made += [f"{name} = {_empty(v)}" for name, v in self.buffers.made.items()]
        made += [f"spares_{v.name} = Spare()" for v in self.buffers.spares.values()]
        self._printer.modules.add("np")
        head = f"def {self.name}({', '.join(self._names.parameters)}):"
        body = [*made, *hoisted, *([""] if made else []), head, *_indented(lines)]
        printer = self._printer
        imports, definitions = needed(NUMPY, printer.helpers, printer.modules)
        parts = [
            f'"""{self.name}, compiled: single NumPy calls into buffers that are kept."""',
            *(["\n".join(imports)] if imports else []),
            *definitions,
            "\n".join(["def workspace():", *_indented([*body, "", f"return {self.name}"])]),
        ]
        return "\n\n\n".join(parts) + "\n"

    def _arguments(self) -> list[tuple[str, Any]]:
        """Each argument that is not static, by its name in the program."""
        capture = self.capture
        own = zip(self._names.parameters, capture.parameters, capture.args, strict=True)
        return [(name, arg) for name, theirs, arg in own if theirs not in capture.static]

    def _lines(self) -> tuple[list[str], list[str]]:
        """The lines that a workspace runs once, and those of each call."""
        unpacked = [
            line for name, arg in self._arguments() for line in unpacking(name, arg, self._named)
        ]
        spares = [f"{name} = spares_{v.name}({v.name})" for name, v in self.buffers.spares.items()]
        captured = [f"{name} = captured_{name}._data" for name in self.lowered.captured]
        hoisted: list[str] = []
        lines: list[str] = []
        for call in self.calls:
            if call.kind == "blocks":
                function, run = self._in_blocks(call)
                hoisted += function
                lines += run
            else:
                (hoisted if self._in_buffer(call) else lines).append(self._text(call))
        result = tree_text(unflatten(self.capture.out, self._results()))
        lines += self._look()
        return hoisted, [*unpacked, *captured, *spares, *lines, f"return {result}"]

    def _look(self) -> list[str]:
        """The lines that end a doubtful program where there is a NaN."""
        if not self._doubtful:
            return []
        lowered, graph = self.lowered, self.capture.graph
        doubts, ties = self.capture.trace.doubts, self.capture.trace.ties
        certain = [s for s in graph.steps if s.backward not in doubts and not ties]
        calls = [inner for call in self.calls for inner in call.inside or [call]]
        products = Doubts(calls, lowered.variables(certain), lowered.made)
        seen = {o for o in lowered.outputs if isinstance(o, Variable)}
        found = look(products.fewest(v for v in products.of if v in seen and _is_of_floats(v)))
        if found:
            self._printer.modules.add("math")
        return found

    def _in_buffer(self, call: Call) -> bool:
        """Whether a view is of a buffer, and so the same at each call.

        What is a view of an array in C's order may be a copy of another.
        """
        places = [self.buffers.place(v.root) for v in call.reads()]
        made = self.buffers.made
        return call.kind == "view" and all([p.name in made and p.order is None for p in places])

    def _text(self, call: Call) -> str:
        target, operands = call.target.name, [self._operand(o) for o in call.operands]
        out = [] if call.out is None else [f"out={call.out.name}"]
        if call.kind == "ufunc":
            return f"{target} = np.{call.function}({', '.join([*operands, *out])})"
        if call.kind == "dot":
            return f"{target} = {operands[0]}.dot({', '.join([operands[1], *out])})"
        if call.second is not None:
            return f"{target}, {call.second.name} = {ast.unparse(call.function)}"
        if self._in_buffer(call):
            base = call.reads()[0]
            buffer = syntax.name(self.buffers.place(base).name)
            call_on_it = syntax.filled(call.function, {base.name: buffer})
            return f"{target} = {ast.unparse(call_on_it)}"
        return f"{target} = {ast.unparse(call.function)}"

    def _in_blocks(self, group: Call) -> tuple[list[str], list[str]]:
        """A function of one block, and the lines that run it over whole arrays."""
        size = int(np.prod(group.target.shape or (), dtype=np.int64))
        inner = Buffers(group.inside, [*group.results, *group.spared])
        for call in group.inside:
            if call.target in group.results:
                call.out = Variable(f"{call.target.name}_", call.target.shape, call.target.dtype)
        arrays = [v for v in group.reads() if v.shape is not None]
        numbers = [v.name for v in group.reads() if v.shape is None]
        results = [f"{v.name}_" for v in group.results]
        name = f"block_of_{group.target.name}"
        parameters = [*numbers, *(v.name for v in arrays), *results, *inner.made]
        sums = "".join(f"{v.name}, " for v in group.sums)
        function = [
            f"def {name}({', '.join(parameters)}):",
            *_indented([*map(self._text, group.inside), f"return ({sums})"]),
            "",
        ]
        lines = []
        for v in group.results:
            place = self.buffers.place(v)
            lines.append(f"{v.name} = {_empty(v) if place is v else place.name}")
        order = group.target.order
        flat = [
            f"np.ascontiguousarray({laid_out(v.name, order)}).reshape(-1)"
            if v in arrays
            else f"{laid_out(v.name, order)}.reshape(-1)"
            for v in (*arrays, *group.results)
        ]
        work = f"functools.partial({name}, {', '.join(numbers)})" if numbers else name
        dtypes = [v.dtype.char for v in inner.made.values()]
        run = f"in_blocks({work}, {size}, {dtypes}, [{', '.join(flat)}])"
        lines.append(f"({sums}) = {run}" if sums else run)
        return function, lines

    def _operand(self, operand: Any) -> str:
        return operand.name if isinstance(operand, Variable) else ast.unparse(operand)

    def _results(self) -> list[str]:
        """The results as the caller gets them: in memory that no one else writes into."""
        texts: list[str] = []
        roots: set[Variable] = set()
        for out, step in zip(self.lowered.outputs, self.capture.graph.outputs, strict=True):
            if not isinstance(out, Variable):
                constant = ast.unparse(self._printer.operand(out))
                texts.append(f"{constant}.copy()" if isinstance(out, np.ndarray) else constant)
                continue
            mine = out.root.ours or (out.shape is None and out.root not in self._given)
            again = out.root in roots and not step.scalar
            whole = mine and not again and not self.lowered.views.is_read_only(step)
            texts.append(out.name if whole else f"{out.name}.copy()")
            roots.add(out.root)
        return texts

    def _named(self, leaf: Any) -> str | None:
        """The name of an argument's leaf, if a step uses it."""
        if isinstance(leaf, TracedGenerator):
            return self._names[leaf]
        return self.lowered.variable(self._inputs[leaf]).name

    def _namespace(self) -> dict[str, Any]:
        """What the source defines. It is made of the registry's formulas and checked names."""
        namespace: dict[str, Any] = {
            **{f"captured_{name}": node for name, node in self.lowered.captured.items()},
            **self.lowered.constants,
            "Spare": Spare,
            "in_blocks": in_blocks,
            "functools": functools,
        }
        exec(compiled_source(self.name, self.source), namespace)
        namespace.update(self._printer.helpers)  # the same, with what they keep between calls
        return namespace


def _quiet(run: Callable[..., Any]) -> Callable[..., Any]:
    """run, without warnings, for one call at a time: in a context, which C enters and leaves."""
    context = Context()
    context.run(np.seterr, all="ignore")
    return functools.partial(context.run, run)


def _empty(variable: Variable) -> str:
    return empty(variable.shape or (), variable.dtype, variable.order)


def _is_of_floats(variable: Variable) -> bool:
    return variable.dtype is None or variable.dtype.kind == "f"


def _may_warn(step: Step) -> bool:
    primitive = step.primitive
    return primitive is not None and (
        primitive.quiet or (primitive.elementwise and bool(reach(primitive)))
    )


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
