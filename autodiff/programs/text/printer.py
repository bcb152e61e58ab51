"""Steps as text: the Python expression that each one is, and what it needs around it."""

from __future__ import annotations

import ast
import functools
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ...support import syntax
from ..simplify import StepGraph
from ..steps import Step
from .helpers import definitions
from .language import Language, Spelling
from .names import Names


class Printer:
    """The expression of each step, and what the program must define and import for it."""

    def __init__(
        self, graph: StepGraph, names: Names, language: Language, arrays: Callable[[Any], ast.expr]
    ) -> None:
        self.names, self.language = names, language
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.modules: set[str] = set()
        self._array = arrays
        self._inlined: dict[Step, ast.expr] = {}
        self._forms: dict[Any, ast.expr] = {}
        self.uses = Counter(o for step in graph.steps for o in step.steps())
        self.uses.update(out for out in graph.outputs if isinstance(out, Step))

    def line(self, step: Step, anywhere: bool = False) -> ast.expr | None:
        """The expression of a step that gets a line; None for one that is put where it is used.

        That is what a backward pass uses once and no one has a name for, or whatever is used
        once, with `anywhere`.
        """
        expression = self.expression(step)
        unnamed = anywhere or (step.backward and not self.names.known(step))
        short = len(ast.unparse(expression)) <= self.language.longest
        if unnamed and self.uses[step] == 1 and short:
            self._inlined[step] = expression
            return None
        return expression

    def put_in_place(self, step: Step, tree: ast.expr) -> None:
        """Write a step as this expression wherever it is used."""
        self._inlined[step] = tree

    def operand(self, thing: Any) -> ast.expr:
        """An operand: a name, an expression that stands only here, or a constant."""
        if isinstance(thing, Step):
            return self._inlined.get(thing) or syntax.name(self.names[thing])
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        return self.literal(thing)

    def expression(self, step: Step) -> ast.expr:
        """How a step is computed from its operands."""
        if step.draw is not None:
            return self.language.draw(self, step)
        primitive = step.primitive
        if primitive is None:
            raise ValueError("An argument is not computed.")
        # A form is finished before what is computed is put in, which is finished in its own way.
        texts = self.language.operands(self, step, self._operands(step))
        later: dict[str, ast.expr] = {}
        for i, text in enumerate(texts):
            if syntax.number_of(text) is None:
                later[f"operand {i}"], texts[i] = text, syntax.name(f"operand {i}")
        on_floats = step.scalar and not any(isinstance(o.example, np.ndarray) for o in step.steps())
        if primitive.variadic:
            put: dict[str, ast.expr] = {primitive.operands[0]: syntax.sequence(texts)}
        else:
            put = dict(zip(primitive.operands, texts, strict=True))
        # Of operands that are computed the form is always the same: it is made once.
        asked = tuple(self._asked(step))
        key = (primitive.name, on_floats, _of_stacks(step), asked, len(texts))
        if step.params or len(later) < len(texts):
            form = self._put(step, put, asked, on_floats)
        elif key in self._forms:
            form = self._forms[key]
        else:
            form = self._forms[key] = self._put(step, put, asked, on_floats)
        return self.language.result(self, step, syntax.filled(form, later))

    def zeros(self, step: Step) -> str:
        """Zeros like a step's result."""
        size = str(step.shape[0] if len(step.shape) == 1 else step.shape)
        kind = [] if step.dtype == np.float64 else [self.of_arrays(step.dtype.name)]
        inside = ", ".join([size, *map(ast.unparse, kind)])
        return f"{ast.unparse(self.of_arrays('zeros'))}({inside})"

    def _operands(self, step: Step) -> list[ast.expr]:
        """The operands' syntax; beside a float, a whole number without its `.0`."""
        if all([isinstance(o, Step) for o in step.operands]):
            return [self.operand(o) for o in step.operands]
        operator = step.primitive is not None and step.primitive.formula.operator
        beside = operator and any(o.dtype.kind == "f" for o in step.steps())
        found: list[ast.expr] = []
        for o in step.operands:
            if isinstance(o, np.generic) and _widens(o, step):
                tree = self.literal(o)
                known = isinstance(o, np.longdouble)
                kind = self.of_arrays(o.dtype.name)
                found.append(tree if known else ast.Call(kind, [tree], []))
            else:
                found.append(self.operand(_whole(o) if beside else o))
        return found

    def _put(
        self, step: Step, put: dict[str, ast.expr], asked: Collection[str], on_floats: bool
    ) -> ast.expr:
        primitive: Any = step.primitive
        params = dict(zip(primitive.defaults, step.params, strict=True))
        spelling = self.language.floats if on_floats else self.language.arrays
        qualified = functools.partial(self._qualified, spelling)
        arrays: dict[str, ast.expr] = {}
        # Put in last: the last touch is about what the operation gives.
        for name in asked if spelling.as_array else []:
            place = f"{name} as an array"
            arrays[place] = ast.Call(self.of_arrays(spelling.as_array), [put[name]], [])
            put = {**put, name: syntax.name(place)}
        tree = primitive.formula.put(put, params, self._static, qualified, _of_stacks(step))
        tree = spelling.finished(tree, qualified)
        if not arrays:
            return tree
        tree = syntax.filled(tree, arrays)
        return syntax.call(spelling.as_number, tree) if spelling.as_number else tree

    def _asked(self, step: Step) -> list[str]:
        """The operands that are asked for what only arrays have, and may be Python's floats."""
        primitive: Any = step.primitive
        if not primitive.formula.asked:
            return []
        examples = [np.asarray(getattr(o, "example", o)) for o in step.operands]
        return [
            name
            for name, example in zip(primitive.operands, examples, strict=True)
            if name in primitive.formula.asked and not example.ndim and example.dtype == np.float64
        ]

    def _qualified(self, spelling: Spelling, name: str) -> ast.expr:
        """The syntax of a formula's name, whose helper or module the program then needs."""
        path = spelling.qualified(name)
        helper, module = spelling.helper(path), path.partition(".")[0]
        if helper is not None:
            self.helpers[path] = helper
        elif module in self.language.modules:
            self.modules.add(module)
        return syntax.dotted(path)

    def of_arrays(self, name: str) -> ast.expr:
        """The syntax of a function of arrays."""
        return self._qualified(self.language.arrays, name)

    def _static(self, value: Any) -> ast.expr:
        return self.literal(self.language.static(value))

    def literal(self, value: Any) -> ast.expr:
        """The syntax of a static value, its arrays as constants."""
        return syntax.literal(value, self._array, self.of_arrays)


def needed(
    language: Language, helpers: Mapping[str, Callable[..., Any]], modules: Collection[str],
    taken: Collection[str] = (),
) -> tuple[list[str], list[str]]:  # fmt: skip
    """The imports for what was written, and the definitions of its helpers.

    Beside them stands what has the names that are `taken`.
    """
    texts = definitions(helpers, language.define, taken, language.renamed)
    used = set(modules).union(*map(_names_in, texts if language.modules else []))
    return [line for name, line in language.modules.items() if name in used], texts


@functools.lru_cache(maxsize=1024)  # of the helpers, which are few
def _names_in(text: str) -> frozenset[str]:
    """The names that a definition uses."""
    return frozenset(n.id for n in ast.walk(syntax.parse(text)) if isinstance(n, ast.Name))


def _of_stacks(step: Step) -> bool:
    """Whether it matters that a matrix product is of stacks of matrices."""
    formula = step.primitive.formula.text  # type: ignore[union-attr]
    return ".mT" in formula and any(np.ndim(getattr(o, "example", o)) > 2 for o in step.operands)


def _widens(number: Any, step: Step) -> bool:
    """Whether a NumPy number makes the result wider than Python's own would."""
    others = [o.dtype for o in step.steps() if isinstance(o.example, np.ndarray)]
    return bool(others) and np.result_type(number, *others) != np.result_type(*others)


def _whole(operand: Any) -> Any:
    """2 for 2.0; anything else, and -0.0, as it is."""
    if isinstance(operand, float) and operand.is_integer() and abs(operand) < 1e6:
        return operand if operand == 0 and math.copysign(1, operand) < 0 else int(operand)
    return operand
