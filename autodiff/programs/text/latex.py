r"""LaTeX: how programs are written for people: lines of mathematics in `aligned`, of amsmath.

The value stands first and the derivatives last; between them is what these have in common. The
derivative by what has no line of its own is called `\delta`; in a program that is of derivatives
itself, as that of `grad(f)`, a bar is over the cotangents.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ...support import syntax
from ...support.tree import leaves
from ..capture import Capture
from ..steps import Step, is_a, operand_shape
from ..tracing.standins import TraceError
from .language import Language, Spelling
from .latex_syntax import COTANGENT, Latex
from .module import Module
from .printer import Printer

_SMALL = 9  # entries of a constant array that is spelled out


def latex() -> Language:
    """The language, with the names of one program."""
    write = Latex()
    return Language(
        arrays=_SPELLING,
        floats=_SPELLING,
        define=lambda name, function: ("", {}),
        draw=_draw,
        sum_of_scatters=lambda printer, step, parts: list(_scattered(write, printer, step, parts)),
        result=_in_its_notation,
        copy="",
        modules={},
        reserved=frozenset(["e", "inf", "nan", "pi", *map(str, _DTYPES)]),
        defines_helpers=False,
        longest=72,
        value="",
        cotangent=lambda primal, order: COTANGENT * order + primal,
        expression=write.text,
        assignment=lambda name, expression, comment="": write.defined(name, expression),
        unpacking=lambda expression, tree, named: [],
        returned=lambda pairs: [f"{label} &= {text}" for label, text in pairs if label != text],
        module=_module,
        notation=write,
    )


_DTYPES = [np.dtype(c) for c in "?bhilBHILefdg"]
_SPELLING = Spelling(lambda name: name, lambda name: None)


def _draw(printer: Printer, step: Step) -> NoReturn:
    raise TraceError(
        "A random number that a generator draws is no mathematics, so it is not written in LaTeX.\n"
        "Draw outside the function, and pass the numbers as an argument."
    )


def _scattered(write: Latex, printer: Printer, step: Step, parts: list[Any]) -> Iterator[str]:
    """Lines that add scatters up."""
    name, (first, *others) = write.name(printer.names[step]), parts
    yield f"{name} &= {'0' if first is None else write.text(printer.operand(first))}"
    for part in others:
        index = printer.literal(part.params[0])
        place = write.text(ast.Subscript(syntax.name(printer.names[step]), index, ast.Load()))
        yield rf"{place} &\mathrel{{+}}= {write.text(printer.operand(part.operands[0]))}"


def _in_its_notation(printer: Printer, step: Step, tree: ast.expr) -> ast.expr:
    """The product of arrays entry by entry, and that of two vectors, which no matrices have."""
    axes = [len(operand_shape(operand)) for operand in step.operands]
    match tree:
        case ast.BinOp(left=a, op=ast.Mult(), right=b) if is_a(step, "mul") and all(axes):
            return syntax.call("hadamard", a, b)
        case ast.BinOp(left=a, op=ast.MatMult(), right=b) if axes == [1, 1]:
            return syntax.call("inner", a, b)
    return tree


def _module(
    title: str, imports: Sequence[str], definitions: Sequence[str], constants: Sequence[str],
    name: str, parameters: Sequence[str], body: Sequence[str],
) -> str:  # fmt: skip
    lines = [line.strip() for line in (*constants, *body)]
    lines = [line for line in lines if line and not line.startswith("#")]
    inside = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}\n"


class LatexModule(Module):
    """The lines of a capture: what is used once, and nobody has named, stands where it is used."""

    def __init__(self, capture: Capture, name: str) -> None:
        by = [leaf for i in capture.argnums for leaf in leaves(capture.args[i])]
        self._by = [capture.graph.of(leaf) for leaf in by]
        # The value has a line of its own, before those of the derivatives.
        outputs = capture.graph.outputs[1 if by else 0 :]
        self._returned = {out for out in outputs if isinstance(out, Step)}
        super().__init__(capture, name, latex())

    def _body(self) -> list[str]:
        graph, write = self.capture.graph, self.language.notation
        if self._by:
            out = graph.outputs[0]
            computed = isinstance(out, Step) and out.primitive is not None and not out.backward
            self._value = self.names[out] if computed else self.name
            write.differentiated = "" if getattr(out, "backward", 0) else self._value
        write.known.update(self.names[graph.of(leaf)] for leaf in self.capture.inputs)
        for step in graph.steps:
            if step.dtype == np.bool_:  # a condition stands wherever it is asked
                self.printer.uses[step] = min(self.printer.uses[step], 1)
            if step.captured is not None and step.scalar:  # a number needs no name
                self.printer.put_in_place(step, self.printer.literal(step.example))
        return super()._body()

    def _has_from_around(self, name: str, node: Any) -> None:
        if isinstance(node._data, np.ndarray):
            super()._has_from_around(name, node)

    def _is_minor(self, step: Step) -> bool:
        return step in self._returned or step in self.names.made_up or step.dtype == np.bool_

    def _results(self) -> list[tuple[str, str]]:
        """Of each number or array that is returned: what it is, and its text."""
        outputs = self.capture.graph.outputs
        texts = [self.language.expression(self.printer.operand(out)) for out in outputs]
        return list(zip(self._labels(len(texts)), texts, strict=True))

    def _labels(self, count: int) -> list[str]:
        write = self.language.notation
        if not self._by:
            several = [f"{self.name}{i}" for i in range(count)]
            return [write.name(name) for name in ([self.name] if count == 1 else several)]
        names = [self.names[step] for step in self._by]
        return [write.name(self._value), *(write.slope(self._value, name) for name in names)]

    def _constant(self, value: Any) -> ast.expr:
        """A constant; of a large array its shape."""
        if isinstance(value, np.ndarray) and value.size > _SMALL:
            return syntax.call("reals", syntax.literal(value.shape))
        return super()._constant(value)
